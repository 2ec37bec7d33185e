/* Records and their fold: records.ndjson a line at a time, report.json at the end. Fields have
 * CAU's names [CAU 8.3]; times are UTC, "2030-01-01T00:00:00.000Z", durations "hh:mm:ss.mmm" with
 * hours going on beyond a day. */
#ifndef CAU_REPORT_H
#define CAU_REPORT_H

#include "core/shell/turn.h"

/* One record as one JSON line. Returns 0 or -errno. */
int cau_record_write(struct cau_sink *sink, const struct cau_record *record,
                     const struct cau_names *names);

/* Folds the text of a records.ndjson into the text of a report.json (malloc'd). A run that has not
 * ended gives a report with Status null for what is not known yet; a last line without its end is
 * the end. Returns 0, or < 0 with a sentence (malloc'd) naming the line. */
int cau_report_fold(const char *records, size_t size, char **ret_report, char **reterr_why);

/* The names of the nodes that ended as Failed or PartiallyFailed, in the report's order (malloc'd).
 * Returns 0, -EINVAL when the text is no report, or -ENOMEM. */
int cau_report_failed(const char *report, char ***ret_names, uint32_t *ret_count);
void cau_report_failed_free(char **names, uint32_t count);

#endif
