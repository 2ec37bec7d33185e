/* Values of a scenario that are, or hold, names of other things: references, triggers, results. */
#include "scenarios/read.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    enum scn_ref ref;
    const char *word;
} refs[] = {
    [SCN_SITE] = {SCN_REF_SITE, "site"},
    [SCN_SITES] = {SCN_REF_SITE, "site"},
    [SCN_PAIR] = {SCN_REF_SITE, "site"},
    [SCN_NODE] = {SCN_REF_NODE, "node"},
    [SCN_NODES] = {SCN_REF_NODE, "node"},
    [SCN_TRIGGER] = {SCN_REF_NODE, "node"},
    [SCN_PLUGIN] = {SCN_REF_PLUGIN, "plug-in"},
    [SCN_UPDATES] = {SCN_REF_UPDATE, "update"},
    [SCN_COORDINATOR] = {SCN_REF_COORDINATOR, "coordinator"},
};

static uint32_t find(struct scn_reader *reader, uint8_t type, const struct scn_at *at)
{
    uint32_t found = CAU_NO_NODE;
    char *name;

    if (scn_json_kind(at->json) != SCN_JSON_TEXT) {
        scn_fail(reader, at, "must be the name of a %s, is %s", refs[type].word,
                 scn_json_kind_word(at->json));
        return 0;
    }
    name = scn_expand(reader, scn_text_of(at));
    if (name)
        found = scn_index_find(&reader->index[refs[type].ref], name);
    if (name && found == CAU_NO_NODE)
        scn_fail(reader, at, "there is no %s \"%s\"", refs[type].word, name);
    free(name);
    return found;
}

void scn_read_reference(struct scn_reader *reader, const struct scn_row *row,
                        const struct scn_at *at, void *place, uint32_t *place_count)
{
    (void)place_count;
    *(uint32_t *)place = find(reader, row->type, at);
}

void scn_read_references(struct scn_reader *reader, const struct scn_row *row,
                         const struct scn_at *at, void *place, uint32_t *place_count)
{
    struct scn_at one = {.parent = at};
    uint32_t *list;

    if (scn_json_kind(at->json) != SCN_JSON_LIST) {
        scn_fail(reader, at, "must be a list of names, is %s", scn_json_kind_word(at->json));
        return;
    }
    if (!scn_json_first(at->json))
        return;
    list = scn_alloc(reader, scn_json_count(at->json), sizeof *list);
    *(uint32_t **)place = list;
    for (one.json = scn_json_first(at->json); list && one.json && !reader->failed;
         one.json = scn_json_next(one.json), one.index++) {
        uint32_t found = find(reader, row->type, &one);

        for (uint32_t i = 0; i < *place_count && !reader->failed; i++)
            if (list[i] == found)
                scn_fail(reader, &one, "%s \"%s\" is there twice", refs[row->type].word,
                         scn_text_of(&one));
        list[(*place_count)++] = found;
    }
}

void scn_read_pair(struct scn_reader *reader, const struct scn_row *row, const struct scn_at *at,
                   void *place, uint32_t *place_count)
{
    struct scn_at one = {.parent = at};
    uint32_t *pair = place;

    (void)place_count;
    if (scn_json_kind(at->json) != SCN_JSON_LIST || scn_json_count(at->json) != 2) {
        scn_fail(reader, at, "must be a list of two sites");
        return;
    }
    one.json = scn_json_first(at->json);
    pair[0] = find(reader, row->type, &one);
    one.json = scn_json_next(one.json);
    one.index = 1;
    pair[1] = find(reader, row->type, &one);
    if (!reader->failed && pair[0] == pair[1])
        scn_fail(reader, at, "must be two different sites");
    if (pair[0] > pair[1]) {
        uint32_t first = pair[0];

        pair[0] = pair[1];
        pair[1] = first;
    }
}

static bool trigger_key(const void *ctx, const char *key)
{
    (void)ctx;
    return strcmp(key, "node") == 0 || strcmp(key, "state") == 0 || strcmp(key, "run_state") == 0 ||
           strcmp(key, "after") == 0;
}

void scn_read_trigger(struct scn_reader *reader, const struct scn_row *row, const struct scn_at *at,
                      void *place, uint32_t *place_count)
{
    struct scenario_when *when = place;
    struct scn_at node = {at, "node", 0, NULL}, state = {at, "state", 0, NULL};
    struct scn_at run = {at, "run_state", 0, NULL}, after = {at, "after", 0, NULL};
    struct scn_row word = {.type = SCN_WORD, .width = 1, .words = &cau_words_node_state};
    const struct scn_row delay = {.type = SCN_SPAN, .max = INT64_C(36525) * 86400 * 1000000000};

    when->node = CAU_NO_NODE;
    if (scn_json_kind(at->json) != SCN_JSON_OBJECT) {
        scn_fail(reader, at, "must be an object, is %s", scn_json_kind_word(at->json));
        return;
    }
    scn_check_keys(reader, at, trigger_key, NULL);
    node.json = scn_json_get(at->json, "node");
    state.json = scn_json_get(at->json, "state");
    run.json = scn_json_get(at->json, "run_state");
    after.json = scn_json_get(at->json, "after");
    if (!run.json == !state.json || !node.json != !state.json) {
        scn_fail(reader, at, "must hold either node and state, or run_state");
        return;
    }
    if (node.json) {
        when->node = find(reader, row->type, &node);
        scn_read_word(reader, &word, &state, &when->state, place_count);
    } else {
        word.words = &cau_words_run_state;
        when->by_run_state = true;
        scn_read_word(reader, &word, &run, &when->run_state, place_count);
    }
    when->after = 0;
    if (after.json)
        scn_read_span(reader, &delay, &after, &when->after, place_count);
}

void scn_read_results(struct scn_reader *reader, const struct scn_row *row, const struct scn_at *at,
                      void *place, uint32_t *place_count)
{
    struct scenario_expect_result *list;
    struct scn_at one = {.parent = at};
    struct scn_row word = {
        .type = SCN_WORD, .width = 1, .min = CAU_STATUS_SUCCEEDED, .words = &cau_words_status};
    bool may_die = strcmp(row->key, "coordinators") == 0;

    if (scn_json_kind(at->json) != SCN_JSON_OBJECT) {
        scn_fail(reader, at, "must be an object, name to status");
        return;
    }
    if (!scn_json_first(at->json))
        return;
    list = scn_alloc(reader, scn_json_count(at->json), sizeof *list);
    *(struct scenario_expect_result **)place = list;
    for (one.json = scn_json_first(at->json); list && one.json && !reader->failed;
         one.json = scn_json_next(one.json)) {
        struct scenario_expect_result *result = &list[*place_count];

        one.key = scn_json_key(one.json);
        if (scn_json_get(at->json, one.key) != one.json)
            scn_fail(reader, &one, "is there twice");
        result->name = strdup(one.key);
        if (!result->name) {
            reader->failed = true;
            return;
        }
        (*place_count)++;
        if (!may_die || strcmp(scn_text_of(&one), "Died") != 0)
            scn_read_word(reader, &word, &one, &result->status, NULL);
    }
}
