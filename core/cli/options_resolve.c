/* Options that name a file for what it says: see cau_options_resolve. */
#include "core/cli/options.h"
#include "core/cli/talk.h"
#include "core/shell/report.h"
#include "core/shell/text.h"

#include <errno.h>
#include <stdlib.h>

#define NAME "only_failed_of"

/* `nodes` gets the names that the report has. */
static int take_failed(struct cau_options *options, const char *report, char **reterr_why)
{
    char **names = NULL;
    uint32_t count = 0;
    int rc = cau_report_failed(report, &names, &count);
    if (rc == 0 && count > 0) {
        struct cau_value value = {.kind = CAU_VALUE_NAMES, .names = names, .count = count};
        rc = cau_option_set(options, cau_option_find("nodes"), &value, reterr_why);
    } else if (rc != -ENOMEM) {
        *reterr_why = cau_sentence(rc == 0 ? NAME ": no node failed in %s"
                                           : NAME ": %s/report.json is no report",
                                   options->only_failed_of);
        rc = -EINVAL;
    }
    cau_report_failed_free(names, count);
    return rc;
}

int cau_options_resolve(struct cau_options *options, char **reterr_why)
{
    if (options->only_failed_of == NULL) {
        return 0;
    }
    if (options->only_node_count > 0) {
        *reterr_why = cau_sentence(NAME ": does not go with nodes");
        return -EINVAL;
    }
    size_t size = 0;
    char *why = NULL, *path = cau_sentence("%s/report.json", options->only_failed_of);
    char *report = path != NULL ? cau_read_file(path, &size, &why) : NULL;
    int rc = why != NULL ? -EINVAL : -ENOMEM;
    if (report != NULL) {
        rc = take_failed(options, report, reterr_why);
    } else if (why != NULL) {
        *reterr_why = cau_sentence(NAME ": %s", why);
    }
    if (rc == 0) {
        free(options->only_failed_of);
        options->only_failed_of = NULL;
    }
    free(why);
    free(report);
    free(path);
    return rc;
}
