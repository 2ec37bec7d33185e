/* CAU's own profiles: hash tables or objects of parameters as PowerShell's Export-Clixml writes
 * them [SPEC 1.2]. */
#ifndef SCENARIO_CLIXML_H
#define SCENARIO_CLIXML_H

#include <stdbool.h>
#include <stddef.h>

/* Does the text look like XML rather than JSON? */
bool scn_is_xml(const char *text, size_t size);

/* The same profile as JSON, malloc'd, with the options by their own names. NULL with a sentence
 * (malloc'd; NULL: out of memory). What the values may be is left to the reader of the JSON. */
char *scn_clixml_to_json(const char *text, size_t size, char **reterr_why);

#endif
