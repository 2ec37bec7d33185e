int bad(int state)
{
    /* default: only in a comment */
    switch (state) {
    case 1:
        return 2;
    default:
        return 3;
    }
}
