/* Texts in HTML and XML. */
#ifndef ANALYSIS_MARKUP_H
#define ANALYSIS_MARKUP_H

#include <stdio.h>

/* Writes a text so that it is nothing but text, in an element or in a quoted attribute. The texts
 * of a run have no control characters (run.h), so this is all that either language asks for. */
void markup_escape(FILE *to, const char *text);

#endif
