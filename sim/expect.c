#include "sim/expect.h"

#include "core/shell/report.h"
#include "core/shell/summary.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct differences {
    void (*tell)(void *ctx, const char *sentence);
    void *ctx;
    uint32_t count;
};

static __attribute__((format(printf, 2, 3))) void differ(struct differences *d, const char *format,
                                                         ...)
{
    char sentence[512];
    va_list args;
    va_start(args, format);
    vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    d->count++;
    d->tell(d->ctx, sentence);
}

uint32_t sim_principal(const struct sim_outcome *outcome)
{
    uint32_t last = 0;
    for (uint32_t i = 0; i < outcome->coordinator_count; i++) {
        last = outcome->coordinators[i].started ? i : last;
    }
    return last;
}

char *sim_report_of(const struct sim_outcome *outcome, uint32_t coordinator, char **reterr_why)
{
    size_t size;
    char *records = sim_outcome_text(outcome, coordinator, SIM_TEXT_RECORDS, &size), *report = NULL;
    int rc = cau_report_fold(records, size, &report, reterr_why);
    free(records);
    return rc == 0 ? report : NULL;
}

static const char *status_word(const struct sim_outcome_coordinator *o)
{
    return o->died ? "Died" : o->ended ? cau_word_status(o->status.status) : "did not end";
}

static void compare_coordinators(const struct scenario *scenario,
                                 const struct scenario_expect *expect,
                                 const struct sim_outcome *outcome, struct differences *d)
{
    for (uint32_t i = 0; i < expect->coordinator_count; i++) {
        for (uint32_t k = 0; k < scenario->coordinator_count; k++) {
            if (strcmp(scenario->coordinators[k].name, expect->coordinators[i].name) != 0) {
                continue;
            }
            uint8_t wanted = expect->coordinators[i].status;
            const char *word = wanted == CAU_STATUS_NONE ? "Died" : cau_word_status(wanted);
            if (strcmp(word, status_word(&outcome->coordinators[k])) != 0) {
                differ(d, "coordinator %s: expected %s, is %s", expect->coordinators[i].name, word,
                       status_word(&outcome->coordinators[k]));
            }
        }
    }
}

static void compare_nodes(const struct scenario_expect *expect, const struct sim_outcome *outcome,
                          struct differences *d)
{
    char *why = NULL;
    char *report = sim_report_of(outcome, sim_principal(outcome), &why);
    for (uint32_t i = 0; report != NULL && i < expect->node_count; i++) {
        uint8_t status = cau_summary_node(report, expect->nodes[i].name);
        if (status != expect->nodes[i].status) {
            differ(d, "node %s: expected %s, is %s", expect->nodes[i].name,
                   cau_word_status(expect->nodes[i].status), cau_word_status(status));
        }
    }
    if (report == NULL) {
        differ(d, "no report: %s", why != NULL ? why : "out of memory");
    }
    free(report);
    free(why);
}

/* The order of first suspends. */
static void compare_order(const struct scenario *scenario, const struct scenario_expect *expect,
                          const struct sim_outcome *outcome, struct differences *d)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < outcome->suspend_count; i++) {
        bool again = false;
        for (uint32_t k = 0; k < i; k++) {
            again |= outcome->suspends[k] == outcome->suspends[i];
        }
        if (again) {
            continue;
        }
        const char *name = scenario->nodes[outcome->suspends[i]].name;
        if (at >= expect->order_count || strcmp(expect->order[at], name) != 0) {
            differ(d, "order: place %u is %s, expected %s", at + 1, name,
                   at < expect->order_count ? expect->order[at] : "nobody");
            return;
        }
        at++;
    }
    if (at < expect->order_count) {
        differ(d, "order: %s was never suspended", expect->order[at]);
    }
}

uint32_t sim_expect(const struct scenario *scenario, const char *engine,
                    const struct sim_outcome *outcome,
                    void (*tell)(void *ctx, const char *sentence), void *ctx)
{
    struct differences d = {.tell = tell, .ctx = ctx};
    const struct scenario_expect *expect = &scenario->expect;
    if (scenario->expect_simgrid.given && strcmp(engine, "simgrid") == 0) {
        expect = &scenario->expect_simgrid;
    } else if (scenario->expect_heap.given && strcmp(engine, "heap") == 0) {
        expect = &scenario->expect_heap;
    }
    const struct sim_outcome_coordinator *principal =
        &outcome->coordinators[sim_principal(outcome)];
    if (expect->exit >= 0 && expect->exit != principal->exit) {
        differ(&d, "exit: expected %d, is %d", expect->exit, principal->exit);
    }
    if (expect->status != CAU_STATUS_NONE && expect->status != principal->status.status) {
        differ(&d, "status: expected %s, is %s", cau_word_status(expect->status),
               cau_word_status(principal->status.status));
    }
    if (expect->error != CAU_WHY_NONE && expect->error != principal->status.why) {
        differ(&d, "error: expected %s, is %s", cau_word_reason(expect->error),
               cau_word_reason(principal->status.why));
    }
    if (expect->restarts >= 0 && (uint32_t)expect->restarts != outcome->restart_count) {
        differ(&d, "restarts: expected %d, are %u", expect->restarts, outcome->restart_count);
    }
    if (expect->order_count > 0) {
        compare_order(scenario, expect, outcome, &d);
    }
    compare_coordinators(scenario, expect, outcome, &d);
    if (expect->node_count > 0) {
        compare_nodes(expect, outcome, &d);
    }
    /* A fault that is promised and never happens makes the scenario say nothing. */
    for (uint32_t i = 0; i < scenario->fault_count; i++) {
        if (outcome->faults[i] == 0 && !scenario->faults[i].when.repeats) {
            differ(&d, "faults[%u]: never happened", i);
        }
    }
    return d.count;
}
