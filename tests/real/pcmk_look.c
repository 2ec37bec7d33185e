/* One round asks every node for what only it knows, and two of them for the cluster besides: those
 * are the view's observers. Asked are first the nodes that gave a whole picture the last time, so
 * that a node that is down costs one round, and the first observer is a quorate one if there is any
 * (a node that has just booted believes that it is alone). */
#include "tests/real/pcmk_look.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUND_MS 12000 /* a round is over by then; a command of gather.sh may hang for 3 s */

char *pcmk_script(const struct pcmk_options *options, const char *name)
{
    char *path = NULL, *text = NULL;
    size_t size = 0;
    if (asprintf(&path, "%s/%s", options->scripts, name) < 0) {
        return NULL;
    }
    FILE *file = fopen(path, "re");
    free(path);
    if (file == NULL) {
        return NULL;
    }
    ssize_t got = getdelim(&text, &size, '\0', file);
    fclose(file);
    if (got <= 0) {
        free(text);
        return NULL;
    }
    return text;
}

int pcmk_ssh(struct pcmk_child *child, const struct pcmk_options *options, uint32_t node,
             const char *mode, char *script)
{
    char path[108];
    snprintf(path, sizeof path, "ControlPath=%s/%u", options->sockets, node);
    const char *argv[] = {"ssh",
                          "-F",
                          options->ssh_config,
                          "-o",
                          "ControlMaster=auto",
                          "-o",
                          path,
                          "-o",
                          "ControlPersist=20",
                          "-o",
                          "ConnectTimeout=2",
                          "--",
                          options->nodes[node],
                          "sh",
                          "-s",
                          mode,
                          NULL};
    /* posix_spawn does not write to its arguments */
    return pcmk_child_start(child, (char *const *)(uintptr_t)argv, script, strlen(script));
}

int pcmk_look_init(struct pcmk_look *look, const struct pcmk_options *options)
{
    size_t n = options->node_count;
    *look = (struct pcmk_look){.options = options, .speaker = CAU_NO_NODE};
    look->probes = calloc(n, sizeof *look->probes);
    look->facts = calloc(n, sizeof *look->facts);
    look->told = calloc(n, sizeof *look->told);
    look->listed = calloc(n, sizeof *look->listed);
    for (uint32_t i = 0; look->probes != NULL && i < n; i++) {
        look->probes[i].child.in = look->probes[i].child.out = -1;
    }
    return look->probes && look->facts && look->told && look->listed ? 0 : -ENOMEM;
}

void pcmk_look_done(struct pcmk_look *look)
{
    for (uint32_t i = 0; look->probes != NULL && i < look->options->node_count; i++) {
        pcmk_child_done(&look->probes[i].child);
        pcmk_report_done(&look->probes[i].report);
    }
    free(look->probes);
    free(look->facts);
    free(look->told);
    free(look->listed);
}

static int rank(const struct pcmk_probe *probe)
{
    return probe->answered ? 1 + probe->report.cluster + probe->report.observer.quorate : 0;
}

static void choose_observers(struct pcmk_look *look)
{
    uint32_t n = look->options->node_count;
    for (uint32_t i = 0; i < n; i++) {
        look->probes[i].asked_cluster = false;
    }
    for (int chosen = 0; chosen < CAU_OBSERVERS_MAX; chosen++) {
        struct pcmk_probe *best = NULL;
        for (uint32_t i = 0; i < n; i++) {
            struct pcmk_probe *probe = &look->probes[i];
            if (!probe->asked_cluster && (best == NULL || rank(probe) > rank(best))) {
                best = probe;
            }
        }
        if (best != NULL) {
            best->asked_cluster = true;
        }
    }
}

void pcmk_look_begin(struct pcmk_look *look, cau_msec now)
{
    choose_observers(look);
    look->running = true;
    look->started = now;
    look->limit = now + ROUND_MS;
    for (uint32_t i = 0; i < look->options->node_count; i++) {
        struct pcmk_probe *probe = &look->probes[i];
        char *script = pcmk_script(look->options, "gather.sh");
        pcmk_child_done(&probe->child);
        if (script != NULL) { /* a probe that could not be started has not answered */
            pcmk_ssh(&probe->child, look->options, i, probe->asked_cluster ? "cluster" : "node",
                     script);
        }
    }
}

void pcmk_look_move(struct pcmk_look *look, cau_msec now)
{
    for (uint32_t i = 0; look->running && i < look->options->node_count; i++) {
        struct pcmk_child *child = &look->probes[i].child;
        if (now >= look->limit) {
            pcmk_child_kill(child);
        } else {
            pcmk_child_move(child);
        }
    }
}

bool pcmk_look_ended(const struct pcmk_look *look)
{
    for (uint32_t i = 0; i < look->options->node_count; i++) {
        if (pcmk_child_runs(&look->probes[i].child)) {
            return false;
        }
    }
    return look->running;
}

static void read_reports(struct pcmk_look *look)
{
    const struct pcmk_options *options = look->options;
    for (uint32_t i = 0; i < options->node_count; i++) {
        struct pcmk_probe *probe = &look->probes[i];
        const char *text = probe->child.output;
        pcmk_report_done(&probe->report);
        probe->answered = text != NULL && pcmk_report_read(&probe->report, text, options->nodes,
                                                           options->node_count) == 0;
    }
}

/* The observers of this round, a quorate one first. */
static uint32_t find_observers(const struct pcmk_look *look, uint32_t ret[CAU_OBSERVERS_MAX])
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < look->options->node_count && count < CAU_OBSERVERS_MAX; i++) {
        if (look->probes[i].answered && look->probes[i].report.cluster) {
            ret[count++] = i;
        }
    }
    if (count == 2 && !look->probes[ret[0]].report.observer.quorate &&
        look->probes[ret[1]].report.observer.quorate) {
        uint32_t first = ret[0];
        ret[0] = ret[1];
        ret[1] = first;
    }
    return count;
}

static void join_facts(struct pcmk_look *look)
{
    for (uint32_t i = 0; i < look->options->node_count; i++) {
        const struct pcmk_probe *probe = &look->probes[i];
        struct cau_node_facts *facts = &look->facts[i];
        if (look->speaker != CAU_NO_NODE) {
            *facts = look->probes[look->speaker].report.nodes[i].facts;
        }
        facts->node = i;
        facts->storage_ok = true; /* nothing replicated here */
        facts->reachable = probe->answered;
        facts->boot_id = probe->answered ? probe->report.boot_id : 0;
        facts->startup_done = probe->answered && probe->report.startup_done;
        facts->restart_needed = probe->answered && probe->report.restart_needed;
        facts->busy = probe->answered && probe->report.busy;
    }
}

static bool same_observers(const struct cau_view *a, const struct cau_view *b)
{
    for (uint32_t i = 0; i < a->observer_count; i++) {
        const struct cau_observer *x = &a->observers[i], *y = &b->observers[i];
        if (x->ring != y->ring || x->node != y->node || x->quorate != y->quorate) {
            return false;
        }
    }
    return a->observer_count == b->observer_count;
}

static bool same_cluster(const struct cau_view *a, const struct cau_view *b)
{
    const struct cau_votes *x = &a->votes, *y = &b->votes;
    return same_observers(a, b) && x->expected == y->expected && x->total == y->total &&
           x->needed == y->needed && x->witness == y->witness && x->members == y->members &&
           x->two_node == y->two_node && x->auto_tie_breaker == y->auto_tie_breaker &&
           x->last_man_standing == y->last_man_standing &&
           x->allow_downscale == y->allow_downscale && a->request.id == b->request.id &&
           a->cluster_maintenance == b->cluster_maintenance && a->idle == b->idle;
}

static bool same_facts(const struct cau_node_facts *a, const struct cau_node_facts *b)
{
    return a->boot_id == b->boot_id && a->roles == b->roles &&
           a->roles_promoted == b->roles_promoted && a->roles_away == b->roles_away &&
           a->feature_set == b->feature_set && a->votes == b->votes && a->kind == b->kind &&
           a->standby == b->standby && a->reachable == b->reachable && a->member == b->member &&
           a->clean == b->clean && a->startup_done == b->startup_done &&
           a->storage_ok == b->storage_ok && a->maintenance == b->maintenance &&
           a->restart_needed == b->restart_needed && a->busy == b->busy;
}

bool pcmk_look_conclude(struct pcmk_look *look, bool whole, struct cau_view *ret)
{
    uint32_t observers[CAU_OBSERVERS_MAX];
    read_reports(look);
    look->running = false;
    struct cau_view view = {.seen_at = look->started, .nodes = look->listed};
    view.observer_count = (uint8_t)find_observers(look, observers);
    view.whole = whole || !look->told_any;
    look->speaker = view.observer_count > 0 ? observers[0] : CAU_NO_NODE;
    for (uint32_t i = 0; i < view.observer_count; i++) {
        view.observers[i] = look->probes[observers[i]].report.observer;
    }
    if (look->speaker != CAU_NO_NODE) {
        const struct pcmk_report *report = &look->probes[look->speaker].report;
        view.votes = report->votes;
        view.request = report->request;
        view.cluster_maintenance = report->cluster_maintenance;
        view.idle = report->idle;
    }
    join_facts(look);
    for (uint32_t i = 0; i < look->options->node_count; i++) {
        if (view.whole || !same_facts(&look->facts[i], &look->told[i])) {
            look->listed[view.node_count++] = look->facts[i];
        }
    }
    if (!view.whole && view.node_count == 0 && same_cluster(&view, &look->view)) {
        return false;
    }
    memcpy(look->told, look->facts, look->options->node_count * sizeof *look->told);
    look->told_any = true;
    look->view = view;
    *ret = view;
    return true;
}

const struct pcmk_seen *pcmk_look_seen(const struct pcmk_look *look, uint32_t node)
{
    return look->speaker == CAU_NO_NODE ? NULL : &look->probes[look->speaker].report.nodes[node];
}
