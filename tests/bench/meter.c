/* See meter.h. */
#include "tests/bench/meter.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

static int64_t used_us(int who)
{
    struct rusage used;
    getrusage(who, &used);
    return ((int64_t)used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000 +
           used.ru_utime.tv_usec + used.ru_stime.tv_usec;
}

static int64_t clock_us(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t meter_cpu_us(void)
{
    return clock_us(CLOCK_PROCESS_CPUTIME_ID) + used_us(RUSAGE_CHILDREN);
}

int64_t meter_wall_us(void)
{
    return clock_us(CLOCK_MONOTONIC);
}

int64_t meter_now_kib(void)
{
    long all = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file != NULL) {
        if (fscanf(file, "%ld %ld", &all, &resident) != 2) {
            resident = 0;
        }
        fclose(file);
    }
    return (int64_t)resident * sysconf(_SC_PAGESIZE) / 1024;
}

static int64_t peak_kib(int who)
{
    struct rusage used;
    getrusage(who, &used);
    return used.ru_maxrss;
}

int64_t meter_peak_kib(void)
{
    return peak_kib(RUSAGE_SELF);
}

int64_t meter_child_peak_kib(void)
{
    return peak_kib(RUSAGE_CHILDREN);
}

uint64_t meter_number(const char *name, const char *text, uint64_t low)
{
    char *end = NULL;
    errno = 0;
    uint64_t value = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || value < low) {
        fprintf(stderr, "%s must be a whole number from %" PRIu64 " on, is %s\n", name, low, text);
        exit(64);
    }
    return value;
}

uint64_t meter_share(uint64_t total, uint64_t run, uint64_t runs)
{
    return total / runs + (run < total % runs);
}
