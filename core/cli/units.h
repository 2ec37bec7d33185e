/* Durations, sizes and rates as people write them, and back.
 *
 * One grammar for options, scenarios and the command line. Reading is exact (integers throughout,
 * nothing is rounded), and what is written reads back as the same value. */
#ifndef CAU_UNITS_H
#define CAU_UNITS_H

#include <stdbool.h>
#include <stdint.h>

#define CAU_UNIT_MAX 48 /* bytes of any text written here, with its NUL */

/* The largest size and rate, so that a JSON number can carry them exactly. */
#define CAU_SIZE_MAX ((UINT64_C(1) << 53) - 1)

/* Reads a duration: "90s", "1h30m", "2.5s", "100us" (units d h m s ms us ns, each once, falling, a
 * fraction only in the last), "01:30:00" or "1.02:03:04" (d.hh:mm:ss). Whole nanoseconds from 0 to
 * 100 years. Returns 0, or -EINVAL. A leading "-" is read when `ret_ns` may be negative. */
int cau_duration_read(const char *text, bool negative, int64_t *ret_ns);

/* Writes nanoseconds as "1h30m", "2.5s", "100us", "0s"; negative ones with "-". Returns buf. */
char *cau_duration_write(int64_t ns, char buf[CAU_UNIT_MAX]);

/* Reads a size: "300MB", "4GiB", "17B" (units B kB MB GB TB KiB MiB GiB TiB). Returns 0 or -EINVAL.
 */
int cau_size_read(const char *text, uint64_t *ret_bytes);
char *cau_size_write(uint64_t bytes, char buf[CAU_UNIT_MAX]);

/* Reads a rate: "1Gbps" (bits: bps kbps Mbps Gbps Tbps) or "125MB/s" (a size a second). In bytes a
 * second; a rate of bits must be a whole number of bytes. Returns 0 or -EINVAL. */
int cau_rate_read(const char *text, uint64_t *ret_bytes);
char *cau_rate_write(uint64_t bytes, char buf[CAU_UNIT_MAX]);

/* The units of each, "d, h, m, s, ms, us, ns". */
enum cau_quantity { CAU_DURATIONS, CAU_SIZES, CAU_RATES };
char *cau_units_write(enum cau_quantity what, char buf[CAU_UNIT_MAX]);

/* Reads a whole number in decimal, min .. max, and nothing besides. */
bool cau_whole_read(const char *text, uint64_t min, uint64_t max, uint64_t *ret);

#endif
