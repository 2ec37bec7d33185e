long bad(void)
{
    return time(0) + rand();
}
