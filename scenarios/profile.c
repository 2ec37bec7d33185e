/* See profile.h. */
#include "scenarios/profile.h"

#include "core/cli/talk.h"
#include "scenarios/clixml.h"
#include "scenarios/read.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int scenario_profile_read(const char *path, struct cau_options *options, char **reterr_why)
{
    struct scn_reader reader = {0};
    struct scn_json *json = NULL;
    size_t size = 0;
    char *text = cau_read_file(path, &size, reterr_why);

    if (!text)
        return -EINVAL;
    if (scn_is_xml(text, size)) {
        char *translated = scn_clixml_to_json(text, size, &reader.why);

        free(text);
        text = translated;
        size = text ? strlen(text) : 0;
    }
    json = text ? scn_json_parse(text, size, &reader.why) : NULL;
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
