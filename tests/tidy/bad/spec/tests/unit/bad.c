/* SPEC 4.1, SPEC 7.1 */
int bad;
