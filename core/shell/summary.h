/* A report as an operator reads it on a terminal, and as a test asks it. */
#ifndef CAU_SUMMARY_H
#define CAU_SUMMARY_H

#include <stdint.h>
#include <stdio.h>

/* Prints a report.json as text. Returns 0, or -EINVAL when it is none. */
int cau_summary_print(FILE *file, const char *report);

/* Of a run that was only asked what it would do: the updates of each node, in the order in which
 * nodes would be taken, from its records (records.ndjson). */
void cau_summary_what_if(FILE *file, const char *records);

/* The status of a node in a report (enum cau_status; NONE when it has none). */
uint8_t cau_summary_node(const char *report, const char *node);

#endif
