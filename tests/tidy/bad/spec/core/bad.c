/* As SPEC 4.1, 4.2 and 4.9 say; the rest in SPEC 4. */
int bad;
