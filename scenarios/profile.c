/* See profile.h. */
#include "scenarios/profile.h"

#include "core/cli/talk.h"
#include "scenarios/read.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

int scenario_profile_read(const char *path, struct cau_options *options, char **reterr_why)
{
    struct scn_reader reader = {0};
    struct scn_json *json = NULL;
    size_t size = 0;
    char *text = cau_read_file(path, &size, reterr_why);

    if (!text)
        return -EINVAL;
    json = scn_json_parse(text, size, &reader.why);
    free(text);
    reader.failed = !json;
    if (json) {
        struct scn_at top = {.json = json};

        options->given = 0;
        scn_read_options(&reader, &top, options);
    }
    scn_json_free(json);
    if (!reader.failed)
        return 0;
    if (!reader.why || asprintf(reterr_why, "%s: %s", path, reader.why) < 0)
        *reterr_why = NULL;
    free(reader.why);
    return -EINVAL;
}
