/* Lets another time (a simulation's) pass by a clock: FACTOR of its seconds in one.
 *
 * The clock is the caller's, so that tests move it. What comes late (the work between two moments,
 * a sleep that was too long) is made up for while it is little; after a longer standstill the
 * schedule begins anew, because nobody wants to see the missed minutes rush by. */
#ifndef CAU_PACE_H
#define CAU_PACE_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

/* It is drawn again at the latest after so much of the clock. */
#define CAU_PACE_DRAW_NS 100000000

struct cau_clock {
    void *ctx;
    int64_t (*now)(void *ctx);            /* ns; never goes back */
    void (*sleep)(void *ctx, int64_t ns); /* may end early */
};

extern const struct cau_clock cau_clock_real;

struct cau_pace {
    const struct cau_clock *clock;
    double factor;                       /* > 0 */
    const volatile sig_atomic_t *stop;   /* not 0: do not wait any more; or NULL */
    void (*draw)(void *ctx, int64_t at); /* the paced time has come to `at`, ns */
    void *ctx;
    /* the rest is zero at first */
    int64_t at;    /* the paced time that was waited for last */
    int64_t due;   /* when that was, by the clock */
    int64_t drawn; /* when it was drawn last */
    bool begun;
};

/* Waits until the paced time is `at` (ns, from 0 on, never before the last) and draws meanwhile.
 * False: it was stopped. */
bool cau_pace_until(struct cau_pace *pace, int64_t at);

/* Reads a factor: a decimal number above 0. */
bool cau_pace_read(const char *text, double *ret);

#endif
