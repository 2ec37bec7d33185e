int fine(int letter)
{
    switch (letter) {
    default:
        return 3;
    }
}
