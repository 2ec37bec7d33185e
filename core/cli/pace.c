#include "core/cli/pace.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LONGEST (INT64_MAX / 4) /* some 70 years: for ever, and sums of two do not overflow */

static int64_t real_now(void *ctx)
{
    struct timespec now;
    (void)ctx;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void real_sleep(void *ctx, int64_t ns)
{
    (void)ctx;
    nanosleep(&(struct timespec){.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000}, NULL);
}

const struct cau_clock cau_clock_real = {NULL, real_now, real_sleep};

static int64_t least(double a, int64_t b)
{
    return a < (double)b ? (int64_t)a : b;
}

bool cau_pace_until(struct cau_pace *pace, int64_t at)
{
    const struct cau_clock *clock = pace->clock;
    int64_t now = clock->now(clock->ctx);
    if (!pace->begun) {
        pace->begun = true;
        pace->due = now;
        pace->drawn = now - CAU_PACE_DRAW_NS;
    } else if (now - pace->due > CAU_PACE_DRAW_NS) {
        pace->due = now;
    }
    int64_t due = pace->due + least((double)(at - pace->at) / pace->factor, LONGEST);
    for (;; now = clock->now(clock->ctx)) {
        int64_t left = due > now ? due - now : 0;
        if (pace->stop != NULL && *pace->stop != 0) {
            return false;
        }
        if (now - pace->drawn >= CAU_PACE_DRAW_NS) {
            pace->drawn = now;
            pace->draw(pace->ctx, at - least((double)left * pace->factor, at - pace->at));
        }
        if (left == 0) {
            break;
        }
        int64_t drawn = pace->drawn + CAU_PACE_DRAW_NS - now;
        clock->sleep(clock->ctx, left < drawn ? left : drawn);
    }
    pace->at = at;
    pace->due = due;
    return true;
}

bool cau_pace_read(const char *text, double *ret)
{
    char *end;
    *ret = strtod(text, &end);
    return *text != '\0' && *end == '\0' && strspn(text, "0123456789.eE+-") == strlen(text) &&
           isfinite(*ret) && *ret > 0;
}
