/* While a scenario is played: coordinators are processes, their records come up a pipe line by
 * line, and what the scenario says happens at its times.
 *
 * Everything is a moment on one libuv loop: a coordinator starts, a fault begins or ends, a request
 * is made. A moment has a time, or it waits for a state of a node (a record of any coordinator) or
 * of the run (a line of a trace); then its time is `after` later. */
#include "real-backend/testbed/fault.h"
#include "real-backend/testbed/play_stage.h"
#include "real-backend/testbed/testbed.h"

#include "core/shell/words.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#define LOOK_MS 50 /* at traces, while something waits for a state of the run */

static void do_moment(uv_timer_t *timer);

static uint64_t ms_of(sim_nsec span)
{
    return (uint64_t)(span / 1000000);
}

/* ---- moments ------------------------------------------------------------------------------ */

static void set_moment(struct moment *moment, uint64_t ms)
{
    moment->armed = false;
    uv_timer_start(&moment->timer, do_moment, ms, 0);
}

/* A node or (node CAU_NO_NODE) a run entered a state. */
void stage_seen(struct stage *stage, uint32_t node, uint8_t state)
{
    for (size_t i = 0; i < stage->moment_count; i++) {
        struct moment *moment = &stage->moments[i];
        const struct scenario_when *when = moment->when;
        if (!moment->armed || when->by_run_state != (node == CAU_NO_NODE)) {
            continue;
        }
        if (when->by_run_state ? when->run_state == state
                               : when->node == node && when->state == state) {
            set_moment(moment, ms_of(when->after));
        }
    }
}

/* ---- what happens ------------------------------------------------------------------------- */

/* Gives the orders of a fault's begin or end. False: one was refused. */
static bool order_fault(struct stage *stage, const struct scenario_fault *f, bool begin)
{
    const struct scenario *s = stage->play->scenario;
    bool single = tb_faults[f->kind].whom == TB_WHOM_NODE, well = true;
    for (uint32_t i = 0; i < (single ? f->node_count : 1); i++) {
        struct cau_text whom;
        char *why = NULL, *answer = NULL;
        cau_text_init(&whom);
        if (single) {
            cau_text_say(&whom, s->nodes[f->nodes[i]].name);
        }
        for (uint32_t k = 0; k < f->site_count; k++) {
            cau_text_printf(&whom, "%s%s", k > 0 ? "," : "", s->sites[f->sites[k]].name);
        }
        char *order = tb_fault_order(f->kind, begin, whom.data, f->delay);
        if (order != NULL) {
            stage_tell(stage, "%s", order);
            answer = tb_order(stage->play->state, &why, "%s", order);
        }
        if (order != NULL && answer == NULL) {
            well = false;
            play_complain(stage->play, "%s", why != NULL ? why : order);
        }
        free(answer);
        free(order);
        free(why);
        cau_text_done(&whom);
    }
    return well;
}

static void begin_fault(struct stage *stage, uint32_t index)
{
    const struct scenario_fault *f = &stage->play->scenario->faults[index];
    sim_nsec until = tb_faults[f->kind].until == TB_UNTIL_LASTS    ? f->lasts
                     : tb_faults[f->kind].until == TB_UNTIL_REPAIR ? f->repair.a
                                                                   : SIM_NEVER;
    if (f->kind == FAULT_COORDINATOR_DEATH) {
        stage_kill_coordinator(stage, f->coordinator);
        stage->play->fault_counts[index]++;
        return;
    }
    stage->play->fault_counts[index] += order_fault(stage, f, true);
    for (size_t i = 0; i < stage->moment_count && until != SIM_NEVER; i++) {
        if (stage->moments[i].kind == MOMENT_END && stage->moments[i].index == index) {
            set_moment(&stage->moments[i], ms_of(until));
        }
    }
}

static void do_moment(uv_timer_t *timer)
{
    struct moment *moment = timer->data;
    switch (moment->kind) {
    case MOMENT_START:
        stage_start_coordinator(moment->stage, moment->index);
        break;
    case MOMENT_FAULT:
        begin_fault(moment->stage, moment->index);
        break;
    case MOMENT_END:
        order_fault(moment->stage, &moment->stage->play->scenario->faults[moment->index], false);
        break;
    case MOMENT_REQUEST:
        stage_make_request(moment->stage, moment->index);
        break;
    }
    stage_look_at_end(moment->stage);
}

/* ---- states of the run -------------------------------------------------------------------- */

static void read_trace(struct stage *stage, FILE *trace)
{
    static const char mark[] = "cluster run ";
    char line[1024];
    clearerr(trace);
    for (long at = ftell(trace); fgets(line, sizeof line, trace) != NULL; at = ftell(trace)) {
        if (strchr(line, '\n') == NULL) {
            fseek(trace, at, SEEK_SET); /* not whole yet */
            return;
        }
        char *word = strstr(line, mark);
        if (word != NULL) {
            word += sizeof mark - 1;
            word[strcspn(word, " \n")] = '\0';
            int state = cau_run_state_by_word(word);
            if (state >= 0) {
                stage_seen(stage, CAU_NO_NODE, (uint8_t)state);
            }
        }
    }
}

static void look_at_traces(uv_timer_t *timer)
{
    struct stage *stage = timer->data;
    const struct scenario *s = stage->play->scenario;
    for (uint32_t i = 0; i < s->coordinator_count; i++) {
        if (s->coordinators[i].node != CAU_NO_NODE || s->coordinators[i].resumes) {
            continue;
        }
        if (stage->traces[i] == NULL) {
            char path[PATH_MAX];
            snprintf(path, sizeof path, "%s/trace.txt", stage->play->coordinators[i].dir);
            stage->traces[i] = fopen(path, "re");
        }
        if (stage->traces[i] != NULL) {
            read_trace(stage, stage->traces[i]);
        }
    }
}

/* ---- the whole ---------------------------------------------------------------------------- */

static void close_all(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle)) {
        uv_close(handle, NULL);
    }
}

/* Over when nobody runs and nobody is about to start. */
void stage_look_at_end(struct stage *stage)
{
    const struct play *play = stage->play;
    for (uint32_t i = 0; i < play->scenario->coordinator_count; i++) {
        if (play->coordinators[i].started && !play->coordinators[i].ended) {
            return;
        }
    }
    for (size_t i = 0; i < stage->moment_count; i++) {
        if (stage->moments[i].kind == MOMENT_START &&
            uv_is_active((uv_handle_t *)&stage->moments[i].timer)) {
            return;
        }
    }
    uv_stop(&stage->loop);
}

static void out_of_time(uv_timer_t *timer)
{
    struct stage *stage = timer->data;
    stage->play->out_of_time = true;
    for (uint32_t i = 0; i < stage->play->scenario->coordinator_count; i++) {
        stage_kill_coordinator(stage, i);
        stage->play->coordinators[i].killed = false;
    }
    uv_stop(&stage->loop);
}

static void add_moment(struct stage *stage, enum moment_kind kind, uint32_t index, sim_nsec at,
                       const struct scenario_when *when)
{
    struct moment *moment = &stage->moments[stage->moment_count++];
    *moment = (struct moment){.stage = stage, .kind = kind, .index = index, .when = when};
    uv_timer_init(&stage->loop, &moment->timer);
    moment->timer.data = moment;
    moment->armed = when != NULL;
    if (when == NULL && at != SIM_NEVER) {
        uv_timer_start(&moment->timer, do_moment, ms_of(at), 0);
    }
}

static void add_moments(struct stage *stage)
{
    const struct scenario *s = stage->play->scenario;
    for (uint32_t i = 0; i < s->coordinator_count; i++) {
        const struct scenario_coordinator *c = &s->coordinators[i];
        add_moment(stage, MOMENT_START, i, c->start, c->start == SIM_NEVER ? &c->when : NULL);
    }
    for (uint32_t i = 0; i < s->fault_count; i++) {
        const struct scenario_when *when = &s->faults[i].when;
        sim_nsec at = when->at == SIM_NEVER ? SIM_NEVER : when->at + when->after;
        add_moment(stage, MOMENT_FAULT, i, at, when->at == SIM_NEVER ? when : NULL);
        add_moment(stage, MOMENT_END, i, SIM_NEVER, NULL);
    }
    for (uint32_t i = 0; i < s->request_count; i++) {
        add_moment(stage, MOMENT_REQUEST, i, s->requests[i].at, NULL);
    }
}

static bool waits_for_run(const struct stage *stage)
{
    for (size_t i = 0; i < stage->moment_count; i++) {
        if (stage->moments[i].armed && stage->moments[i].when->by_run_state) {
            return true;
        }
    }
    return false;
}

static void start_timer(struct stage *stage, uv_timer_t *timer, uv_timer_cb call, uint64_t ms,
                        uint64_t repeat)
{
    uv_timer_init(&stage->loop, timer);
    timer->data = stage;
    if (call != NULL) {
        uv_timer_start(timer, call, ms, repeat);
    }
}

int play_run(struct play *play, char **reterr_why)
{
    const struct scenario *s = play->scenario;
    struct stage stage = {.play = play};
    char path[PATH_MAX];
    size_t count = s->coordinator_count + 2 * (size_t)s->fault_count + s->request_count;
    stage.moments = calloc(count, sizeof *stage.moments);
    stage.processes = calloc(s->coordinator_count, sizeof *stage.processes);
    stage.traces = calloc(s->coordinator_count, sizeof(FILE *));
    snprintf(path, sizeof path, "%s/coordinators.log", play->out);
    stage.log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    bool ready = stage.moments != NULL && stage.processes != NULL && stage.traces != NULL;
    if (stage.log < 0 || !ready) {
        *reterr_why = cau_sentence("%s: %s", path, strerror(ready ? errno : ENOMEM));
    } else {
        uv_loop_init(&stage.loop);
        stage.begin = uv_now(&stage.loop);
        start_timer(&stage, &stage.limit, out_of_time, (uint64_t)play->limit_ms, 0);
        add_moments(&stage);
        start_timer(&stage, &stage.look, waits_for_run(&stage) ? look_at_traces : NULL, LOOK_MS,
                    LOOK_MS);
        uv_run(&stage.loop, UV_RUN_DEFAULT);
        uv_walk(&stage.loop, close_all, NULL);
        uv_run(&stage.loop, UV_RUN_DEFAULT);
        uv_loop_close(&stage.loop);
    }
    for (uint32_t i = 0; i < s->coordinator_count && stage.traces != NULL; i++) {
        if (stage.traces[i] != NULL) {
            fclose(stage.traces[i]);
        }
    }
    bool well = stage.log >= 0 && ready;
    if (stage.log >= 0) {
        close(stage.log);
    }
    free(stage.moments);
    free(stage.processes);
    free(stage.traces);
    return well ? 0 : -EIO;
}
