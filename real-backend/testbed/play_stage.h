/* A play while it goes on: shared by play_run.c (what happens when) and play_process.c (the
 * processes of coordinators, and what they say). */
#ifndef TESTBED_PLAY_STAGE_H
#define TESTBED_PLAY_STAGE_H

#include "real-backend/testbed/play.h"

#include <stdio.h>
#include <uv.h>

struct stage;
struct moment;

/* A process of a coordinator, or of a request (then `coordinator` is NULL). */
struct process {
    uv_process_t process;
    uv_pipe_t pipe;
    struct stage *stage;
    struct play_coordinator *coordinator;
    size_t line;         /* where the last line that is not whole begins */
    bool exited, silent; /* its exit code came; its pipe's end came */
    char buffer[4096];
};

enum moment_kind { MOMENT_START, MOMENT_FAULT, MOMENT_END, MOMENT_REQUEST };

struct moment {
    uv_timer_t timer;
    struct stage *stage;
    enum moment_kind kind;
    uint32_t index;                   /* of the coordinator, fault or request */
    const struct scenario_when *when; /* not NULL: it waits for that */
    bool armed;                       /* it still waits */
};

struct stage {
    struct play *play;
    uv_loop_t loop;
    uv_timer_t limit, look;
    struct moment *moments;
    size_t moment_count;
    struct process *processes; /* of coordinators, by index */
    FILE **traces;             /* followed for the run's state; NULL: not there yet */
    uint64_t begin;
    int log; /* standard error of all processes */
};

/* One line about what happens, stamped with the time since the beginning. */
void stage_tell(struct stage *stage, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A node or (node CAU_NO_NODE) a run entered a state. */
void stage_seen(struct stage *stage, uint32_t node, uint8_t state);

/* A coordinator has ended, or a moment is over: stops the loop when nobody runs and nobody is about
 * to start. */
void stage_look_at_end(struct stage *stage);

void stage_start_coordinator(struct stage *stage, uint32_t index);
void stage_kill_coordinator(struct stage *stage, uint32_t index);
void stage_make_request(struct stage *stage, uint32_t index);

#endif
