/* See night.h. */
#include "tests/lib/night.h"

#include "scenarios/scenario.h"
#include "sim/rivals/rivals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint32_t more(uint32_t *now, uint32_t *most)
{
    *most = ++*now > *most ? *now : *most;
    return *now;
}

static void on_event(void *ctx, const struct sim_world *world, const struct sim_happening *what)
{
    struct night *n = ctx;
    n->checks->event(n->checks->ctx, world, what);
    if (what->kind == SIM_SUSPENDED) {
        n->suspended_at = n->suspends == 0 ? what->at : n->suspended_at;
        if (n->resumed_at > 0 && what->at - n->resumed_at < n->closest) {
            n->closest = what->at - n->resumed_at;
        }
        n->order[n->suspends++ % 64] = what->node;
        more(&n->out, &n->most_out);
    } else if (what->kind == SIM_RESUMED) {
        n->out--;
        n->resumed_at = what->at;
    } else if (what->kind == SIM_INSTALLING) {
        n->installing_at = n->installing_at == 0 ? what->at : n->installing_at;
        more(&n->installing, &n->most_installing);
    } else if (what->kind == SIM_INSTALLED) {
        n->installing--;
        n->installed_at = what->at;
    } else if (what->kind == SIM_RESTARTING) {
        n->restarted_at = n->restarts_all++ == 0 ? what->at : n->restarted_at;
    }
}

static void on_record(void *ctx, uint32_t coordinator, const struct cau_record *record)
{
    struct night *n = ctx;
    n->checks->record(n->checks->ctx, coordinator, record);
    if (record->type == CAU_REC_NODE_RESULT) {
        n->status[record->node] = record->status;
        n->why[record->node] = record->why;
        n->attempts[record->node] = (uint8_t)record->attempt;
        n->restarts[record->node] = (uint8_t)record->restarts;
        n->left[record->node] = record->left_suspended;
    }
}

static struct scenario *read(const char *rest)
{
    char text[4000], *why = NULL;
    const char *cluster =
        strstr(rest, "\"cluster\":") == NULL ? "\"cluster\":{\"name\":\"c\"}," : "";
    snprintf(text, sizeof text, "{\"caucus\":1,%s%s}", cluster, rest);
    struct scenario *scenario = scenario_read(text, strlen(text), NULL, &why);
    if (scenario == NULL) {
        fprintf(stderr, "%s: %s\n", rest, why);
        abort();
    }
    return scenario;
}

struct night night_play_until(const char *word, const char *rest, sim_nsec limit)
{
    struct scenario *scenario = read(rest);
    struct sim_checker *checker = sim_checker_new(scenario);
    struct night n = {.checks = sim_checker_watch(checker), .closest = SIM_NEVER};
    const struct sim_watch watch = {.ctx = &n, .event = on_event, .record = on_record};
    struct rival_decider decider;
    char *why = NULL;
    if (rival_decider_read(&decider, word, &why) < 0) {
        fprintf(stderr, "%s: %s\n", word, why);
        abort();
    }
    sim_checker_of_another(checker);
    const struct sim_run_options options = {.scenario = scenario,
                                            .seed = 1,
                                            .engine = "heap",
                                            .decider = rival_decider_ops(&decider),
                                            .watch = &watch,
                                            .limit = limit};
    struct sim_outcome outcome;
    if (sim_run(&options, &outcome, &why) < 0) {
        fprintf(stderr, "%s: %s\n", word, why);
        abort();
    }
    sim_checker_end(checker, &outcome);
    n.end = outcome.coordinators[0].status;
    n.length = outcome.end;
    n.did_not_end = outcome.did_not_end;
    n.violations = sim_checker_violations(checker);
    snprintf(n.first, sizeof n.first, "%s", sim_checker_first(checker));
    sim_outcome_done(&outcome);
    sim_checker_free(checker);
    scenario_free(scenario);
    return n;
}

struct night night_play(const char *word, const char *rest)
{
    return night_play_until(word, rest, 0);
}

uint32_t night_with(const struct night *n, enum cau_status status, uint32_t count)
{
    uint32_t found = 0;
    for (uint32_t i = 0; i < count; i++) {
        found += n->status[i] == status;
    }
    return found;
}
