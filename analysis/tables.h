/* A run as tables, for programs: comma-separated values, and the dictionary that says what each
 * column means. One list of columns makes both, so neither can forget what the other has. */
#ifndef ANALYSIS_TABLES_H
#define ANALYSIS_TABLES_H

#include "analysis/run.h"

#include <stdio.h>

/* The names of the tables, the last one NULL; the first is the one meant when none is named. */
extern const char *const tables_names[];

/* Writes one table with its header: RFC 4180, lines end with \n, UTF-8, an empty field is a value
 * that does not exist. Returns 0, or -1 when there is no table of that name. */
int tables_write(FILE *to, const struct run *run, const char *table);

/* Writes "table,column,type,meaning" of all columns of all tables. */
void tables_dictionary(FILE *to);

#endif
