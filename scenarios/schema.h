/* The formats as JSON Schemas (draft 2020-12), for editors and other programs: made from the tables
 * that the reader walks, so that it cannot say anything else.
 *
 * A schema knows structure: keys, types, forms of texts, ranges of numbers. What needs more than
 * one value to be seen (a name that must exist, two keys that exclude each other, a duration that
 * is too long) only the reader knows. */
#ifndef SCENARIO_SCHEMA_H
#define SCENARIO_SCHEMA_H

/* malloc'd text, without an end of line; NULL: no memory. */
char *scenario_schema(void);
char *campaign_schema(void); /* of a campaign's plan */

#endif
