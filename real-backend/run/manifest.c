/* See manifest.h. */
#include "real-backend/run/manifest.h"

#include "core/caucus.h"
#include "core/cli/talk.h"
#include "core/shell/rundir.h"
#include "core/shell/text.h"
#include "core/shell/words.h"
#include "scenarios/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void say(struct cau_text *text, const char *name, const char *value)
{
    cau_text_printf(text, ",\n  \"%s\": ", name);
    cau_text_quote(text, value);
}

char *run_manifest_text(const struct run_manifest *manifest)
{
    struct cau_text text;
    char guid[37];
    cau_text_init(&text);
    cau_text_printf(&text,
                    "{\n  \"caucus\": \"%s\",\n  \"core\": %u,\n  \"progress\": %u,\n"
                    "  \"helper\": \"%s\",\n  \"simulated\": false",
                    CAUCUS_VERSION, CAU_CORE_VERSION, CAU_PROGRESS_VERSION, CAUCUS_VERSION);
    say(&text, "cluster", manifest->cluster);
    say(&text, "reached_by", manifest->spelled);
    if (manifest->credential != NULL) {
        say(&text, "credential", manifest->credential);
    }
    say(&text, "backend", manifest->clusterless ? "local" : "pacemaker");
    say(&text, "run", cau_word_guid(manifest->run, guid));
    say(&text, "orchestrator", cau_word_guid(manifest->orchestrator, guid));
    if (manifest->ended) {
        cau_text_printf(&text, ",\n  \"exit\": %d", manifest->exit_code);
    }
    cau_text_say(&text, "\n}\n");
    return cau_text_take(&text);
}

static const char *text_of(const struct scn_json *json, const char *name)
{
    const struct scn_json *member = scn_json_get(json, name);
    return member != NULL && scn_json_kind(member) == SCN_JSON_TEXT ? scn_json_text(member) : NULL;
}

static bool take(struct run_manifest *ret, const struct scn_json *json)
{
    const char *cluster = text_of(json, "cluster"), *spelled = text_of(json, "reached_by");
    const char *backend = text_of(json, "backend"), *run = text_of(json, "run");
    const char *orchestrator = text_of(json, "orchestrator");
    const char *credential = text_of(json, "credential");
    const struct scn_json *exit_code = scn_json_get(json, "exit");
    if (cluster == NULL || spelled == NULL || backend == NULL || run == NULL ||
        orchestrator == NULL || !cau_guid_by_word(run, strlen(run), &ret->run) ||
        !cau_guid_by_word(orchestrator, strlen(orchestrator), &ret->orchestrator)) {
        return false;
    }
    ret->cluster = strdup(cluster);
    ret->spelled = strdup(spelled);
    ret->credential = credential != NULL ? strdup(credential) : NULL;
    ret->clusterless = strcmp(backend, "local") == 0;
    ret->ended = exit_code != NULL;
    if (ret->ended && scn_json_kind(exit_code) == SCN_JSON_NUMBER) {
        ret->exit_code = (int)scn_json_number(exit_code);
    }
    return ret->cluster != NULL && ret->spelled != NULL;
}

int run_manifest_read(struct run_manifest *ret, const char *directory, char **reterr_why)
{
    char *path = cau_sentence("%s/%s", directory, CAU_RUNDIR_MARK), *why = NULL;
    size_t size = 0;
    *ret = (struct run_manifest){0};
    *reterr_why = NULL;
    char *text = path != NULL ? cau_read_file(path, &size, reterr_why) : NULL;
    struct scn_json *json = text != NULL ? scn_json_parse(text, size, &why) : NULL;
    bool good = json != NULL && scn_json_kind(json) == SCN_JSON_OBJECT && take(ret, json);
    if (text != NULL && !good) {
        *reterr_why = why != NULL ? cau_sentence("%s: %s", path, why)
                                  : cau_sentence("%s: must be the manifest of a real run", path);
    }
    scn_json_free(json);
    free(text);
    free(path);
    free(why);
    return good ? 0 : -EINVAL;
}

void run_manifest_done(struct run_manifest *manifest)
{
    free(manifest->cluster);
    free(manifest->spelled);
    free(manifest->credential);
    *manifest = (struct run_manifest){0};
}
