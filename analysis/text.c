/* See text.h. */
#include "analysis/text.h"

#include <inttypes.h>
#include <string.h>

static void say_outcome(FILE *to, const struct run *run)
{
    char length[32], start[32];
    fprintf(to, "%s: %s", run->cluster, *run->status ? run->status : "has not ended");
    fprintf(to, "%s%s\n", *run->why ? ": " : "", run->why);
    fprintf(to, "Run %s, from %s, %s\n", *run->run_id ? run->run_id : "without an id",
            run_word_time(run, run->start_ms, start),
            run_word_duration(run->end_ms - run->start_ms, length));
    if (run->vote_count > 0) {
        char lost[32], exposed[32], last[32];
        fprintf(to, "Without quorum %s; one vote from losing it %s; one node in service %s\n",
                run_word_duration(run_unquorate_ms(run), lost),
                run_word_duration(run_exposed_ms(run), exposed),
                run_word_duration(run_last_place_ms(run), last));
    }
    for (size_t i = 0; i < run->note_count; i++)
        fprintf(to, "Note: %s\n", run->notes[i]);
}

static void say_clock(FILE *to, int64_t at_ms)
{
    char clock[32];
    fputs(run_word_clock(at_ms, clock), to);
}

static void say_spans(FILE *to, const struct run_node *node)
{
    for (size_t i = 0; i < node->span_count; i++) {
        const struct run_span *span = &node->spans[i];
        char length[32];
        fputs("  ", to);
        say_clock(to, span->from_ms);
        fprintf(to, "  %-17s %12s", span->state,
                run_word_duration(span->to_ms - span->from_ms, length));
        fprintf(to, "%s%s\n", *span->why ? "  " : "", span->why);
        for (size_t k = 0; k < node->error_count; k++) {
            const struct run_error *error = &node->errors[k];
            bool here = error->at_ms >= span->from_ms &&
                        (error->at_ms < span->to_ms ||
                         (error->at_ms == span->to_ms && i + 1 == node->span_count));
            if (here) {
                fputs("  ", to);
                say_clock(to, error->at_ms);
                fprintf(to, "  failed, attempt %" PRIu32 ": %s\n", error->attempt, error->why);
            }
        }
    }
}

static void say_updates(FILE *to, const struct run *run, const struct run_node *node)
{
    for (size_t at = node->first_update; at; at = run->updates[at - 1].next) {
        const struct run_update *update = &run->updates[at - 1];
        const char *result = *update->installed ? update->installed : "not installed";
        fprintf(to, "  update %s: %s", update->id, result);
        if (update->error != 0)
            fprintf(to, ", code %" PRId64, update->error);
        fprintf(to, "%s\n", update->restart ? ", wanted a restart" : "");
    }
}

static void say_node(FILE *to, const struct run *run, const struct run_node *node)
{
    char out[32];
    fprintf(to, "\n%s: %s", node->name, *node->status ? node->status : "no result");
    fprintf(to, "%s%s\n", *node->why ? ": " : "", node->why);
    fprintf(to, "  attempts %" PRIu32 ", restarts %" PRIu32 ", out of service %s%s%s\n",
            node->attempts, node->restarts,
            run_word_duration(node->suspended_ms == RUN_NO_TIME ? 0 : node->suspended_ms, out),
            node->restart_pending ? ", a restart is still owed" : "",
            node->left_suspended ? ", LEFT SUSPENDED" : "");
    if (*node->soft && strcmp(node->soft, "NotEnabled") != 0)
        fprintf(to, "  restarted by %s, soft restart %s\n", node->boot, node->soft);
    say_spans(to, node);
    say_updates(to, run, node);
}

static void say_roles(FILE *to, const struct run *run)
{
    char down[32], longest[32];
    if (run->role_count > 0)
        fputs("\nRoles\n", to);
    for (size_t i = 0; i < run->role_count; i++) {
        const struct run_role *role = &run->roles[i];
        fprintf(to, "  %s: %s%s, moves %" PRIu32 ", down %s", role->name,
                role->since_ms == RUN_NO_TIME ? "on " : "DOWN, last on ", role->node, role->moves,
                run_word_duration(role->down_ms, down));
        if (role->stops > 1)
            fprintf(to, " in %" PRIu32 " times, the longest %s", role->stops,
                    run_word_duration(role->longest_ms, longest));
        fputc('\n', to);
    }
}

static void say_events(FILE *to, const struct run *run)
{
    if (run->mark_count > 0)
        fputs("\nEvents\n", to);
    for (size_t i = 0; i < run->mark_count; i++) {
        const struct run_mark *mark = &run->marks[i];
        fputs("  ", to);
        say_clock(to, mark->at_ms);
        fprintf(to, "  %s%s%s%s%s\n", mark->who, *mark->who ? ": " : "", mark->label,
                *mark->text ? ", " : "", mark->text);
    }
}

void text_write(FILE *to, const struct run *run)
{
    say_outcome(to, run);
    say_events(to, run);
    say_roles(to, run);
    for (size_t i = 0; i < run->node_count; i++)
        say_node(to, run, &run->nodes[i]);
}
