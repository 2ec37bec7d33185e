double share;
void bad(char *to, struct x *x, const char *from)
{
    strcpy(to, from); /* strcpy(a, b) */
    x->time(to);
    log_words("system(1)", x.rand());
}
