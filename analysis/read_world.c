/* What surrounds a run: the faults that happened, the votes, the scenario, the versions. */
#include "analysis/read_json.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The world's events. One that is not listed is shown under its own name. What belongs to the
 * normal course (a suspend, an orderly restart) is in the lanes already and makes no mark; that a
 * node is up is news only after a fault. */
enum sort { FAULT, ROUTINE, RETURN };
static const struct {
    const char *event, *label;
    enum run_mark_kind kind;
    enum sort sort;
} events[] = {
    {"crash", "crash", RUN_MARK_DOWN, FAULT},
    {"hang", "hang", RUN_MARK_DOWN, FAULT},
    {"fenced", "fenced", RUN_MARK_DOWN, FAULT},
    {"repaired", "switched on", RUN_MARK_OTHER, FAULT},
    {"up", "up again", RUN_MARK_UP, RETURN},
    {"power_off", "power off", RUN_MARK_OTHER, ROUTINE},
    {"boot", "boot", RUN_MARK_OTHER, ROUTINE},
    {"started_up", "start-up done", RUN_MARK_OTHER, ROUTINE},
    {"restart", "restart", RUN_MARK_OTHER, ROUTINE},
    {"suspended", "suspended", RUN_MARK_OTHER, ROUTINE},
    {"drained", "drained", RUN_MARK_OTHER, ROUTINE},
    {"resumed", "resumed", RUN_MARK_OTHER, ROUTINE},
    {"partition", "partition", RUN_MARK_CUT, FAULT},
    {"heal", "healed", RUN_MARK_UP, FAULT},
    {"isolated", "isolated", RUN_MARK_CUT, FAULT},
    {"unisolated", "network back", RUN_MARK_UP, FAULT},
    {"witness_lost", "witness lost", RUN_MARK_CUT, FAULT},
    {"witness_back", "witness back", RUN_MARK_UP, FAULT},
    {"quorum_lost", "quorum lost", RUN_MARK_CUT, FAULT},
    {"quorum_back", "quorum back", RUN_MARK_UP, FAULT},
    {"switched_off", "switched off", RUN_MARK_DOWN, FAULT},
    {"slow_link", "slow link", RUN_MARK_CUT, FAULT},
    {"link_ok", "link as before", RUN_MARK_UP, FAULT},
    {"disk_full", "disk full", RUN_MARK_CUT, FAULT},
    {"disk_ok", "disk has room", RUN_MARK_UP, FAULT},
    {"repository_broken", "repository broken", RUN_MARK_CUT, FAULT},
    {"repository_ok", "repository whole", RUN_MARK_UP, FAULT},
    {"feature_set", "new feature set", RUN_MARK_OTHER, ROUTINE},
    {"shut_out", "shut out", RUN_MARK_DOWN, FAULT},
    {"coordinator_started", "started", RUN_MARK_UP, FAULT},
    {"coordinator_ended", "ended", RUN_MARK_OTHER, ROUTINE},
    {"coordinator_died", "died", RUN_MARK_DOWN, FAULT},
    {"coordinator_cut", "cut off", RUN_MARK_CUT, FAULT},
    {"coordinator_uncut", "network back", RUN_MARK_UP, FAULT},
};

/* "slow_boot" -> "slow boot" */
static const char *plain_words(struct reader *reader, const char *event)
{
    char *copy = run_memory_get(reader->run->memory, strlen(event) + 1);
    if (!copy)
        return "";
    for (size_t i = 0; event[i]; i++)
        copy[i] = event[i] == '_' ? ' ' : event[i];
    return copy;
}

/* Whether the last thing marked for a node was that it went down. */
static bool is_down(const struct run *run, const char *name)
{
    for (size_t i = run->mark_count; i > 0; i--) {
        const struct run_mark *mark = &run->marks[i - 1];
        bool told = mark->kind == RUN_MARK_DOWN || mark->kind == RUN_MARK_UP;
        if (told && !mark->coordinator && strcmp(mark->who, name) == 0)
            return mark->kind == RUN_MARK_DOWN;
    }
    return false;
}

/* Who an event is about: a coordinator, a node, some sites, or nobody in particular. */
static const char *who_of(struct reader *reader, const cJSON *object, bool coordinator)
{
    struct run_memory *memory = reader->run->memory;
    const char *name = json_text(reader, object, coordinator ? "Coordinator" : "Node");
    const cJSON *site = NULL;
    if (*name)
        return name;
    cJSON_ArrayForEach(site, cJSON_GetObjectItemCaseSensitive(object, "Sites"))
    {
        if (cJSON_IsString(site))
            name = run_memory_textf(memory, "%s%s%s", name,
                                    *name ? ", " : "sites: ", site->valuestring);
    }
    return name;
}

/* A role ended or began to run somewhere. One that moves alive does both at the same moment; one
 * that begins without having ended was nowhere from the beginning. What comes after the run's end
 * does not count. */
static void take_role(struct reader *reader, int64_t at, bool starts, const cJSON *object)
{
    const char *name = json_text(reader, object, "Role");
    const char *node = json_text(reader, object, "Node");
    struct run_role *role = NULL;
    for (size_t i = 0; i < reader->run->role_count && !role; i++)
        role = strcmp(reader->run->roles[i].name, name) == 0 ? &reader->run->roles[i] : NULL;
    if (!role || (reader->result_utc_ms != INT64_MIN && at > reader->result_utc_ms))
        return;
    if (!starts) {
        role->since_ms = role->since_ms == RUN_NO_TIME ? at : role->since_ms;
        return;
    }
    if (role->since_ms == RUN_NO_TIME && role->stops == 0 && role->moves == 0)
        role->since_ms = reader->run->zero_utc_ms == RUN_NO_TIME ? at : reader->run->zero_utc_ms;
    run_role_down(role, at);
    role->since_ms = RUN_NO_TIME;
    role->moves += strcmp(role->node, node) != 0;
    role->node = node;
}

static int take_event(struct reader *reader, const cJSON *object)
{
    int64_t at = 0;
    const char *stamp = json_text(reader, object, "Timestamp");
    const char *event = json_text(reader, object, "Event");
    const char *label = plain_words(reader, event);
    enum run_mark_kind kind = RUN_MARK_OTHER;
    enum sort sort = FAULT;
    if (!reader_time(stamp, &at) || !*event) {
        reader->why = run_sentence("%s/world.ndjson: each line must have Timestamp and Event, "
                                   "is Timestamp \"%s\", Event \"%s\"",
                                   reader->dir, stamp, event);
        return -EINVAL;
    }
    reader_saw(reader, at);
    bool starts = strcmp(event, "role_started") == 0;
    if (starts || strcmp(event, "role_stopped") == 0) {
        take_role(reader, at, starts, object);
        return 0;
    }
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        if (strcmp(event, events[i].event) == 0) {
            label = events[i].label;
            kind = events[i].kind;
            sort = events[i].sort;
        }
    }
    bool coordinator = strncmp(event, "coordinator", strlen("coordinator")) == 0;
    const char *who = who_of(reader, object, coordinator);
    if (sort == ROUTINE || (sort == RETURN && !is_down(reader->run, who)))
        return 0;
    struct run_mark *mark = reader_mark(reader, at);
    if (!mark)
        return -ENOMEM;
    mark->event = event;
    mark->label = label;
    mark->kind = kind;
    mark->who = who;
    mark->text = json_text(reader, object, "Text");
    mark->coordinator = coordinator;
    for (size_t i = 0; i < reader->run->node_count && !coordinator; i++)
        if (strcmp(reader->run->nodes[i].name, who) == 0)
            mark->node = (uint32_t)i;
    return 0;
}

int reader_world(struct reader *reader)
{
    char *text = NULL;
    size_t size = 0;
    bool there = run_read_file(reader->dir, "world.ndjson", &text, &size) == 0;
    free(text);
    reader->run->simulated |= there;
    if (!there)
        reader->run->role_count = 0; /* nobody wrote down where they were */
    return json_lines(reader, "world.ndjson", true, take_event);
}

int reader_votes(struct reader *reader)
{
    struct run *run = reader->run;
    char *text = NULL, *rest = NULL;
    size_t size = 0, number = 0;
    int error = run_read_file(reader->dir, "votes.csv", &text, &size);
    if (error == -ENOENT)
        return 0;
    if (error) {
        reader->why = run_sentence("%s/votes.csv: %s", reader->dir, strerror(-error));
        return error;
    }
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        double seconds, column[6];
        if (number++ == 0 && strncmp(line, "time_s,", 7) == 0)
            continue;
        if (sscanf(line, "%lf,%lf,%lf,%lf,%lf,%lf,%lf", &seconds, &column[0], &column[1],
                   &column[2], &column[3], &column[4], &column[5]) != 7 ||
            !(fabs(seconds) < 1e12)) {
            reader->why = run_sentence("%s/votes.csv:%zu: must be 7 numbers: time_s,expected,"
                                       "total,needed,quorate,out,margin",
                                       reader->dir, number);
            error = -EINVAL;
            break;
        }
        for (size_t i = 0; i < 6; i++)
            column[i] = fmax(-1e9, fmin(column[i], 1e9));
        struct run_votes *list =
            run_memory_grow(run->memory, run->votes, run->vote_count, sizeof(*run->votes));
        if (!list) {
            error = -ENOMEM;
            break;
        }
        run->votes = list;
        list[run->vote_count++] = (struct run_votes){.at_ms = (int64_t)llround(seconds * 1000),
                                                     .expected = (int64_t)column[0],
                                                     .total = (int64_t)column[1],
                                                     .needed = (int64_t)column[2],
                                                     .quorate = column[3] != 0,
                                                     .out = (int64_t)column[4],
                                                     .margin = (int64_t)column[5]};
    }
    free(text);
    return error;
}

int reader_scenario(struct reader *reader)
{
    cJSON *object = NULL;
    int error = json_file(reader, "scenario.json", &object);
    if (!object)
        return error;
    struct run *run = reader->run;
    int64_t zero = 0;
    const cJSON *node = NULL, *role = NULL;
    const cJSON *start = cJSON_GetObjectItemCaseSensitive(object, "start");
    run->scenario = json_text(reader, object, "name");
    run->cluster = json_text(reader, object, "cluster");
    const cJSON *cluster = cJSON_GetObjectItemCaseSensitive(object, "cluster");
    if (cJSON_IsObject(cluster))
        run->cluster = json_text(reader, cluster, "name");
    if (cJSON_IsString(start) && reader_time(start->valuestring, &zero))
        run->zero_utc_ms = zero;
    cJSON_ArrayForEach(node, cJSON_GetObjectItemCaseSensitive(object, "nodes"))
    {
        const char *name = json_text(reader, node, "name");
        if (*name)
            reader_node(reader, name);
    }
    cJSON_ArrayForEach(role, cJSON_GetObjectItemCaseSensitive(object, "roles"))
    {
        struct run_role *list =
            run_memory_grow(run->memory, run->roles, run->role_count, sizeof(*run->roles));
        const char *home = json_text(reader, role, "node");
        if (!list)
            break; /* the memory keeps in mind that it failed */
        run->roles = list;
        list[run->role_count++] = (struct run_role){.name = json_text(reader, role, "name"),
                                                    .home = home,
                                                    .node = home,
                                                    .since_ms = RUN_NO_TIME};
    }
    json_facts(reader, cJSON_GetObjectItemCaseSensitive(object, "policy"), &run->parameters);
    cJSON_Delete(object);
    return 0;
}

int reader_manifest(struct reader *reader)
{
    cJSON *object = NULL;
    int error = json_file(reader, "manifest.json", &object);
    if (object)
        json_facts(reader, object, &reader->run->versions);
    reader->run->simulated = json_true(object, "simulated");
    cJSON_Delete(object);
    return error;
}
