/* Texts in HTML and XML. */
#ifndef ANALYSIS_MARKUP_H
#define ANALYSIS_MARKUP_H

#include <stdio.h>

/* Writes a text so that it is nothing but text, in an element or in a quoted attribute. The texts
 * of a run have no control characters (run.h), so this is all that either language asks for. */
void markup_escape(FILE *to, const char *text);

/* Markup with texts in it: each %s of `form` is escaped; nothing else is replaced. */
void markup_say(FILE *to, const char *form, ...);

/* The style sheet of our pages: light and dark, for print as well. */
extern const char markup_style[];

#endif
