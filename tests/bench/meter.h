/* What the programs of this folder measure and print: CPU time of this process and of those that it
 * waited for, peak memory, one line of key=value pairs. */
#ifndef TESTS_BENCH_METER_H
#define TESTS_BENCH_METER_H

#include <stdint.h>

/* Microseconds of CPU, system calls included: of this process and of the children that it has
 * waited for, with all of theirs. Loading a program's libraries counts for that program. */
int64_t meter_cpu_us(void);
int64_t meter_wall_us(void);

/* KiB that this process holds; that it held at most; that any of its children held at most. */
int64_t meter_now_kib(void);
int64_t meter_peak_kib(void);
int64_t meter_child_peak_kib(void);

/* A whole number from `low` on, or the end of the process with a sentence that names it. */
uint64_t meter_number(const char *name, const char *text, uint64_t low);

/* Of a total that is shared out evenly: what run `run` of `runs` gets. */
uint64_t meter_share(uint64_t total, uint64_t run, uint64_t runs);

#endif
