/* TODO: think */
int stubborn; /* a stub */
