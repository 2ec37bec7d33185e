double fine(void)
{
    return time(0) + asleep(1);
}
