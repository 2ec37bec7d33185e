void bad(void)
{
    usleep(1);
}
