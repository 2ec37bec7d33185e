/* See tables.h. A table is a list of columns and a way to walk its rows; a column is a name, a
 * type, what it means, and how it is read off a row. */
#include "analysis/tables.h"

#include <inttypes.h>
#include <string.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* Where a walk stands; what is not part of the table is NULL. */
struct row {
    const struct run *run;
    const struct run_node *node;
    const struct run_span *span;
    const struct run_update *update;
    const struct run_error *error;
    const struct run_mark *mark;
    const struct run_role *role;
    const struct run_votes *votes;
    size_t outer, inner; /* of the next row */
};

enum type { TYPE_TEXT, TYPE_COUNT, TYPE_SECONDS, TYPE_TIME, TYPE_TRUTH };
static const char *const type_words[] = {"text", "count", "seconds", "UTC", "true or false"};

struct cell {
    const char *text;
    int64_t number; /* RUN_NO_TIME: there is none */
};

struct column {
    const char *name;
    enum type type;
    const char *meaning;
    struct cell (*get)(const struct row *row);
};

struct table {
    const char *name;
    const struct column *columns;
    size_t count;
    bool (*next)(struct row *row);
};

/* ---- columns: NAME, what a row gives ---- */

#define TEXT(name, value)                                                                          \
    static struct cell name(const struct row *row)                                                 \
    {                                                                                              \
        return (struct cell){.text = (value)};                                                     \
    }
#define NUMBER(name, value)                                                                        \
    static struct cell name(const struct row *row)                                                 \
    {                                                                                              \
        return (struct cell){.number = (int64_t)(value)};                                          \
    }

static int64_t sum_of_out(const struct run *run)
{
    int64_t sum = 0;
    for (size_t i = 0; i < run->node_count; i++)
        sum += run->nodes[i].suspended_ms == RUN_NO_TIME ? 0 : run->nodes[i].suspended_ms;
    return sum;
}

static int64_t least_margin(const struct run *run)
{
    return run->vote_count == 0 ? RUN_NO_TIME : run_least_margin(run);
}

static int64_t with_votes(const struct run *run, int64_t value)
{
    return run->vote_count == 0 ? RUN_NO_TIME : value;
}

TEXT(run_id, row->run->run_id)
TEXT(run_cluster, row->run->cluster)
TEXT(run_scenario, row->run->scenario)
TEXT(run_status, row->run->status)
TEXT(run_reason, row->run->reason)
NUMBER(run_start, row->run->start_ms)
NUMBER(run_end, row->run->end_ms)
NUMBER(run_length, row->run->end_ms - row->run->start_ms)
NUMBER(run_nodes, row->run->node_count)
NUMBER(run_out, sum_of_out(row->run))
NUMBER(run_unquorate, with_votes(row->run, run_unquorate_ms(row->run)))
NUMBER(run_exposed, with_votes(row->run, run_exposed_ms(row->run)))
NUMBER(run_last_place, with_votes(row->run, run_last_place_ms(row->run)))
NUMBER(run_margin, least_margin(row->run))
NUMBER(run_simulated, row->run->simulated)

TEXT(node_name, row->node->name)
TEXT(node_status, row->node->status)
TEXT(node_reason, row->node->reason)
NUMBER(node_ended, row->node->ended_ms)
NUMBER(node_suspended, row->node->suspended_ms)
NUMBER(node_attempts, row->node->attempts)
NUMBER(node_restarts, row->node->restarts)
TEXT(node_boot, row->node->boot)
TEXT(node_soft, row->node->soft)
NUMBER(node_succeeded, row->node->succeeded)
NUMBER(node_failed, row->node->failed)
NUMBER(node_pending, row->node->restart_pending)
NUMBER(node_left, row->node->left_suspended)

NUMBER(span_from, row->span->from_ms)
NUMBER(span_to, row->span->to_ms)
NUMBER(span_length, row->span->to_ms - row->span->from_ms)
TEXT(span_state, row->span->state)
TEXT(span_reason, row->span->reason)
NUMBER(span_attempt, row->span->attempt)
NUMBER(span_out, row->span->out)

TEXT(update_id, row->update->id)
TEXT(update_title, row->update->title)
NUMBER(update_at, row->update->at_ms)
TEXT(update_staged, row->update->staged)
TEXT(update_installed, row->update->installed)
NUMBER(update_error, row->update->error)
NUMBER(update_installs, row->update->installs)
NUMBER(update_restart, row->update->restart)

NUMBER(error_at, row->error->at_ms)
NUMBER(error_attempt, row->error->attempt)
TEXT(error_state, row->error->state)
TEXT(error_reason, row->error->reason)

NUMBER(mark_at, row->mark->at_ms)
TEXT(mark_who, row->mark->who)
TEXT(mark_event, *row->mark->event ? row->mark->event : row->mark->label)
TEXT(mark_text, row->mark->text)

TEXT(role_name, row->role->name)
TEXT(role_home, row->role->home)
TEXT(role_node, row->role->since_ms == RUN_NO_TIME ? row->role->node : "")
NUMBER(role_moves, row->role->moves)
NUMBER(role_stops, row->role->stops)
NUMBER(role_down, row->role->down_ms)
NUMBER(role_longest, row->role->longest_ms)

NUMBER(votes_at, row->votes->at_ms)
NUMBER(votes_expected, row->votes->expected)
NUMBER(votes_total, row->votes->total)
NUMBER(votes_needed, row->votes->needed)
NUMBER(votes_quorate, row->votes->quorate)
NUMBER(votes_out, row->votes->out)
NUMBER(votes_margin, row->votes->margin)

#define NODE                                                                                       \
    {                                                                                              \
        "node", TYPE_TEXT, "Name of the node.", node_name                                          \
    }

static const struct column run_columns[] = {
    {"run_id", TYPE_TEXT, "RunId.", run_id},
    {"cluster", TYPE_TEXT, "Name of the cluster.", run_cluster},
    {"scenario", TYPE_TEXT, "Name of the scenario; for a real run that of the cluster.",
     run_scenario},
    {"status", TYPE_TEXT,
     "Succeeded, PartiallyFailed, Failed or Canceled; empty: it has not ended.", run_status},
    {"reason", TYPE_TEXT, "Why it ended so, FullyQualifiedErrorId of its ErrorRecordData.",
     run_reason},
    {"start", TYPE_TIME, "When it began.", run_start},
    {"end", TYPE_TIME, "When it ended, else the last thing known.", run_end},
    {"length_s", TYPE_SECONDS, "From start to end.", run_length},
    {"nodes", TYPE_COUNT, "Nodes in the report.", run_nodes},
    {"out_s", TYPE_SECONDS, "Sum over the nodes of the time out of service.", run_out},
    {"unquorate_s", TYPE_SECONDS, "Time in which the cluster had no quorum.", run_unquorate},
    {"exposed_s", TYPE_SECONDS,
     "Time with quorum in which the loss of one more vote would have cost it.", run_exposed},
    {"last_place_s", TYPE_SECONDS,
     "Time with at most one node in service: one more lost, and roles have no place.",
     run_last_place},
    {"least_margin", TYPE_COUNT,
     "Smallest number of votes above what quorum needs; may be negative.", run_margin},
    {"simulated", TYPE_TRUTH, "Whether the cluster was simulated.", run_simulated},
};

static const struct column node_columns[] = {
    NODE,
    {"status", TYPE_TEXT, "Succeeded, PartiallyFailed, Failed or Canceled; empty: no result.",
     node_status},
    {"reason", TYPE_TEXT, "Why it ended so, FullyQualifiedErrorId of its ErrorRecordData.",
     node_reason},
    {"ended_s", TYPE_SECONDS, "When its result came, since the zero of time.", node_ended},
    {"out_s", TYPE_SECONDS, "Time out of service, all attempts.", node_suspended},
    {"attempts", TYPE_COUNT, "Attempts begun.", node_attempts},
    {"restarts", TYPE_COUNT, "Restarts by the run.", node_restarts},
    {"boot_type", TYPE_TEXT, "Kind of the last one, BootType of NodeRebootResult; or empty.",
     node_boot},
    {"soft_boot_status", TYPE_TEXT, "What became of the wish for a soft one; or empty.", node_soft},
    {"updates_succeeded", TYPE_COUNT, "Updates installed.", node_succeeded},
    {"updates_failed", TYPE_COUNT, "Updates whose installation failed last.", node_failed},
    {"restart_pending", TYPE_TRUTH, "A restart is still owed.", node_pending},
    {"left_suspended", TYPE_TRUTH, "The run left it out of service.", node_left},
};

static const struct column span_columns[] = {
    NODE,
    {"from_s", TYPE_SECONDS, "Begin, since the zero of time.", span_from},
    {"to_s", TYPE_SECONDS, "End, since the zero of time.", span_to},
    {"length_s", TYPE_SECONDS, "From begin to end.", span_length},
    {"state", TYPE_TEXT, "State of the node, as in NodeStatusNotification.", span_state},
    {"reason", TYPE_TEXT, "Why it waited in it, or empty.", span_reason},
    {"attempt", TYPE_COUNT, "Attempt it belongs to; 0: before the first.", span_attempt},
    {"out", TYPE_TRUTH, "The node was out of service, or on its way out or back.", span_out},
};

static const struct column update_columns[] = {
    NODE,
    {"update", TYPE_TEXT, "Id of the update.", update_id},
    {"title", TYPE_TEXT, "Its title.", update_title},
    {"at_s", TYPE_SECONDS, "When it was heard of last, since the zero of time.", update_at},
    {"staged", TYPE_TEXT, "UpdateResultCode of its staging; empty: not staged.", update_staged},
    {"installed", TYPE_TEXT, "UpdateResultCode of its last installation; empty: none.",
     update_installed},
    {"error_code", TYPE_COUNT, "The installer's code of the last result, 0: none.", update_error},
    {"installs", TYPE_COUNT, "Installations, all attempts.", update_installs},
    {"restart", TYPE_TRUTH, "It wanted a restart.", update_restart},
};

static const struct column error_columns[] = {
    NODE,
    {"at_s", TYPE_SECONDS, "When, since the zero of time.", error_at},
    {"attempt", TYPE_COUNT, "In which attempt.", error_attempt},
    {"state", TYPE_TEXT, "In which state of the node.", error_state},
    {"reason", TYPE_TEXT, "What failed: FullyQualifiedErrorId.", error_reason},
};

static const struct column event_columns[] = {
    {"at_s", TYPE_SECONDS, "When, since the zero of time.", mark_at},
    {"who", TYPE_TEXT, "Node or coordinator, or empty.", mark_who},
    {"event", TYPE_TEXT, "What happened.", mark_event},
    {"text", TYPE_TEXT, "More of it, or empty.", mark_text},
};

static const struct column role_columns[] = {
    {"role", TYPE_TEXT, "Name of the role.", role_name},
    {"home", TYPE_TEXT, "Node that it was on at first.", role_home},
    {"node", TYPE_TEXT, "Node that it is on at the end; empty: nowhere.", role_node},
    {"moves", TYPE_COUNT, "Starts on another node than before, alive or anew.", role_moves},
    {"stops", TYPE_COUNT, "Times it ran nowhere.", role_stops},
    {"down_s", TYPE_SECONDS, "Time in which it ran nowhere.", role_down},
    {"longest_down_s", TYPE_SECONDS, "The longest such time.", role_longest},
};

static const struct column votes_columns[] = {
    {"at_s", TYPE_SECONDS, "From when on, since the zero of time; a step function.", votes_at},
    {"expected", TYPE_COUNT, "Expected votes.", votes_expected},
    {"total", TYPE_COUNT, "Votes there.", votes_total},
    {"needed", TYPE_COUNT, "Votes that quorum needs.", votes_needed},
    {"quorate", TYPE_TRUTH, "Whether there is quorum.", votes_quorate},
    {"out", TYPE_COUNT, "Nodes out of service by the run, or not there.", votes_out},
    {"margin", TYPE_COUNT, "Votes above what quorum needs; may be negative.", votes_margin},
};

/* ---- walks ---- */

static bool next_run(struct row *row)
{
    return row->outer++ == 0;
}

static bool next_node(struct row *row)
{
    bool more = row->outer < row->run->node_count;
    row->node = more ? &row->run->nodes[row->outer++] : NULL;
    return more;
}

/* Of one node after the other the next of its own things. */
static bool next_of_node(struct row *row, size_t (*count)(const struct run_node *node))
{
    while (row->outer < row->run->node_count) {
        row->node = &row->run->nodes[row->outer];
        if (row->inner < count(row->node)) {
            row->inner++;
            return true;
        }
        row->outer++;
        row->inner = 0;
    }
    return false;
}

static size_t spans_of(const struct run_node *node)
{
    return node->span_count;
}

static size_t errors_of(const struct run_node *node)
{
    return node->error_count;
}

static bool next_span(struct row *row)
{
    bool more = next_of_node(row, spans_of);
    row->span = more ? &row->node->spans[row->inner - 1] : NULL;
    return more;
}

static bool next_error(struct row *row)
{
    bool more = next_of_node(row, errors_of);
    row->error = more ? &row->node->errors[row->inner - 1] : NULL;
    return more;
}

static bool next_update(struct row *row)
{
    size_t next = row->update ? row->update->next : 0;
    while (next == 0 && row->outer < row->run->node_count) {
        row->node = &row->run->nodes[row->outer++];
        next = row->node->first_update;
    }
    row->update = next ? &row->run->updates[next - 1] : NULL;
    return next != 0;
}

static bool next_mark(struct row *row)
{
    bool more = row->outer < row->run->mark_count;
    row->mark = more ? &row->run->marks[row->outer++] : NULL;
    return more;
}

static bool next_role(struct row *row)
{
    bool more = row->outer < row->run->role_count;
    row->role = more ? &row->run->roles[row->outer++] : NULL;
    return more;
}

static bool next_votes(struct row *row)
{
    bool more = row->outer < row->run->vote_count;
    row->votes = more ? &row->run->votes[row->outer++] : NULL;
    return more;
}

#define TABLE(name, columns, next)                                                                 \
    {                                                                                              \
        name, columns, COUNT(columns), next                                                        \
    }

static const struct table tables[] = {
    TABLE("nodes", node_columns, next_node),    TABLE("run", run_columns, next_run),
    TABLE("states", span_columns, next_span),   TABLE("updates", update_columns, next_update),
    TABLE("errors", error_columns, next_error), TABLE("events", event_columns, next_mark),
    TABLE("votes", votes_columns, next_votes),  TABLE("roles", role_columns, next_role),
};
const char *const tables_names[] = {"nodes",  "run",   "states", "updates", "errors",
                                    "events", "votes", "roles",  NULL};
_Static_assert(COUNT(tables_names) == COUNT(tables) + 1, "a name for each table");

/* ---- writing ---- */

static void say_text(FILE *to, const char *text)
{
    if (!strpbrk(text, ",\"\r\n")) {
        fputs(text, to);
        return;
    }
    fputc('"', to);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', to);
        fputc(*text, to);
    }
    fputc('"', to);
}

static void say_cell(FILE *to, const struct row *row, const struct column *column)
{
    struct cell cell = column->get(row);
    char stamp[32];
    if (column->type == TYPE_TEXT) {
        say_text(to, cell.text);
        return;
    }
    if (cell.number == RUN_NO_TIME)
        return;
    switch (column->type) {
    case TYPE_COUNT:
        fprintf(to, "%" PRId64, cell.number);
        break;
    case TYPE_SECONDS:
        fputs(run_word_seconds(cell.number, stamp), to);
        break;
    case TYPE_TIME:
        fputs(run_word_stamp(row->run, cell.number, stamp), to);
        break;
    case TYPE_TRUTH:
        fputs(cell.number ? "true" : "false", to);
        break;
    case TYPE_TEXT:
        break;
    }
}

int tables_write(FILE *to, const struct run *run, const char *name)
{
    const struct table *table = NULL;
    for (size_t i = 0; i < COUNT(tables) && !table; i++)
        table = strcmp(tables[i].name, name) == 0 ? &tables[i] : NULL;
    if (!table)
        return -1;
    for (size_t i = 0; i < table->count; i++)
        fprintf(to, "%s%s", i ? "," : "", table->columns[i].name);
    fputc('\n', to);
    for (struct row row = {.run = run}; table->next(&row);) {
        for (size_t i = 0; i < table->count; i++) {
            fputs(i ? "," : "", to);
            say_cell(to, &row, &table->columns[i]);
        }
        fputc('\n', to);
    }
    return 0;
}

void tables_dictionary(FILE *to)
{
    fputs("table,column,type,meaning\n", to);
    for (size_t i = 0; i < COUNT(tables); i++)
        for (size_t j = 0; j < tables[i].count; j++) {
            const struct column *column = &tables[i].columns[j];
            fprintf(to, "%s,%s,%s,", tables[i].name, column->name, type_words[column->type]);
            say_text(to, column->meaning);
            fputc('\n', to);
        }
}
