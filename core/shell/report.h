/* Records and their fold: records.ndjson a line at a time, report.json at the end. */
#ifndef CAU_REPORT_H
#define CAU_REPORT_H

#include "core/shell/turn.h"

/* One record as one JSON line, fields as in SPEC 8.3. Returns 0 or -errno. */
int cau_record_write(struct cau_sink *sink, const struct cau_record *record, const struct cau_names *names);

/* Folds the text of a records.ndjson into the text of a report.json (malloc'd). Returns 0, or < 0
 * with a sentence (malloc'd) naming the line. */
int cau_report_fold(const char *records, size_t size, char **ret_report, char **reterr_why);

#endif
