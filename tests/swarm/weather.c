#include "tests/swarm/weather.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

struct dice {
    uint64_t state;
};

/* SplitMix64. */
static uint64_t roll(struct dice *dice)
{
    uint64_t z = dice->state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

/* A whole number low .. high. */
static unsigned between(struct dice *dice, unsigned low, unsigned high)
{
    return low + (unsigned)(roll(dice) % (high - low + 1));
}

static bool chance(struct dice *dice, unsigned percent)
{
    return roll(dice) % 100 < percent;
}

static const char *truth(bool value)
{
    return value ? "true" : "false";
}

/* Of one seed in five, with dice of their own. */
static bool by_windows_rules(FILE *file, uint64_t seed, bool device)
{
    struct dice dice = {.state = seed * 0xA0761D6478BD642Fu + 4};
    if (!chance(&dice, 20)) {
        return false;
    }
    fprintf(file, "\"rules\":\"windows\",\"dynamic_quorum\":%s,\"dynamic_witness\":%s",
            truth(chance(&dice, 85)), truth(chance(&dice, 75)));
    fputs(device ? ",\"witness\":{\"algorithm\":\"arbitration\"}" : "", file);
    return true;
}

static void quorum(FILE *file, struct dice *dice, const char *witness, uint64_t seed)
{
    bool device = witness[0] != 'n';
    bool shrinks = !device && chance(dice, 25), tie = !device && chance(dice, 20);
    bool waits = shrinks || chance(dice, 20);
    if (by_windows_rules(file, seed, device)) {
        return;
    }
    fprintf(file, "\"last_man_standing\":%s,\"auto_tie_breaker\":%s,\"wait_for_all\":%s",
            truth(shrinks), truth(tie), truth(waits));
    if (device) {
        fprintf(file, ",\"witness\":{\"algorithm\":\"%s\"%s}", witness,
                witness[0] == 'f' ? ",\"votes\":1" : "");
    }
}

static void cluster(FILE *file, struct dice *dice, const char *witness, uint64_t seed)
{
    fputs("\"cluster\":{\"name\":\"swarm\",\"quorum\":{", file);
    quorum(file, dice, witness, seed);
    fprintf(file, "},\"fencing\":{\"enabled\":true,\"delay\":\"%us\"}},", between(dice, 1, 30));
    fputs("\"sites\":[{\"name\":\"a\"},{\"name\":\"b\"},{\"name\":\"c\"}],", file);
    fputs("\"network\":{\"sharing\":\"none\"},\"nodes\":[", file);
    for (unsigned i = 1; i <= 8; i++) {
        fprintf(file,
                "%s{\"name\":\"n%u\",\"site\":\"%c\",\"conflict_groups\":[%u],"
                "\"boot\":{\"lognormal\":{\"median\":\"%us\",\"sigma\":0.5}}}",
                i > 1 ? "," : "", i, "aaabbbcc"[i - 1], i % 3, between(dice, 40, 200));
    }
    fputs("],\"roles\":[", file);
    for (unsigned i = 1; i <= 10; i++) {
        fprintf(file, "%s{\"name\":\"r%u\",\"node\":\"n%u\",\"promoted\":%s}", i > 1 ? "," : "", i,
                between(dice, 1, 8), truth(chance(dice, 20)));
    }
    fputs("],", file);
}

/* A new cluster software, which closes the door behind the last old node; dice of its own. */
static void feature_set(FILE *file, uint64_t seed)
{
    struct dice dice = {.state = seed * 0xC2B2AE3D27D4EB4Fu + 3};
    if (chance(&dice, 40)) {
        fprintf(file,
                ",{\"id\":\"pacemaker\",\"install\":\"%us\",\"restart\":%s,\"failure\":0.%02u,"
                "\"feature_set\":\"3.19.0\"}",
                between(&dice, 10, 120), truth(chance(&dice, 70)), between(&dice, 0, 60));
    }
}

static void updates(FILE *file, struct dice *dice, uint64_t seed)
{
    fprintf(
        file,
        "\"updates\":[{\"id\":\"kernel\",\"install\":\"%us\",\"restart\":true,\"failure\":0.%02u},"
        "{\"id\":\"library\",\"install\":\"%us\",\"failure\":0.%02u},"
        "{\"id\":\"later\",\"install\":\"30s\",\"requires\":[\"kernel\"],\"restart\":%s}",
        between(dice, 30, 600), between(dice, 0, 20), between(dice, 5, 120), between(dice, 0, 30),
        truth(chance(dice, 30)));
    feature_set(file, seed);
    fputs("],", file);
}

static void policy(FILE *file, struct dice *dice)
{
    fprintf(file,
            "\"policy\":{\"max_failed_nodes\":%u,\"max_retries_per_node\":%u,"
            "\"max_parallel_nodes\":%u,\"reboot_timeout_minutes\":%u,\"quorum_wait_minutes\":%u,"
            "\"force\":true%s},",
            between(dice, 0, 3), between(dice, 0, 2), between(dice, 1, 3), between(dice, 5, 15),
            between(dice, 1, 15), chance(dice, 10) ? ",\"stop_after\":\"1h\"" : "");
}

/* Trouble that has dice of its own, so that older seeds keep the rest of their weather. */
static void more_faults(FILE *file, uint64_t seed)
{
    struct dice dice = {.state = seed * 0x9FB21C651E98DF25u + 2};
    if (chance(&dice, 20)) {
        fprintf(file, ",{\"kind\":\"power_off\",\"nodes\":[\"n%u\"],\"at\":\"%um\",\"repair\":",
                between(&dice, 1, 8), between(&dice, 1, 60));
        if (chance(&dice, 40)) {
            fputs("\"never\"}", file);
        } else {
            fprintf(file, "\"%um\"}", between(&dice, 1, 40));
        }
    }
    if (chance(&dice, 25)) {
        unsigned from = between(&dice, 0, 2), to = (from + between(&dice, 1, 2)) % 3;
        fprintf(file,
                ",{\"kind\":\"slow_link\",\"sites\":[\"%c\",\"%c\"],\"delay\":\"%ums\","
                "\"at\":\"%um\",\"lasts\":\"%um\"}",
                "abc"[from], "abc"[to], between(&dice, 1, 400), between(&dice, 0, 40),
                between(&dice, 1, 60));
    }
    if (chance(&dice, 20)) {
        fprintf(file,
                ",{\"kind\":\"disk_full\",\"nodes\":[\"n%u\"],\"at\":\"%um\",\"lasts\":\"%um\"}",
                between(&dice, 1, 8), between(&dice, 0, 40), between(&dice, 1, 60));
    }
    if (chance(&dice, 15)) {
        fprintf(file, ",{\"kind\":\"repository_broken\",\"at\":\"%um\",\"lasts\":\"%um\"}",
                between(&dice, 0, 40), between(&dice, 1, 20));
    }
}

/* Everything that may happen, each with a chance of its own; and how often nodes crash. */
static void faults(FILE *file, struct dice *dice, bool device, uint64_t seed)
{
    static const char *const states[] = {"Scanning",   "Suspending", "Installing",
                                         "Restarting", "Rescanning", "Resuming"};
    static const char *const parts[] = {"append", "step", "trace", "sync", "submit"};
    fprintf(file,
            "\"faults\":[{\"kind\":\"crash\",\"every\":{\"exponential\":{\"mean\":\"%um\"}},"
            "\"repair\":{\"lognormal\":{\"median\":\"%um\",\"sigma\":1.0}}}",
            between(dice, 120, 1200), between(dice, 2, 30));
    if (chance(dice, 40)) {
        fprintf(file,
                ",{\"kind\":\"partition\",\"sites\":[\"%c\"],\"at\":\"%um\",\"lasts\":\"%us\"}",
                "abc"[between(dice, 0, 2)], between(dice, 1, 60), between(dice, 5, 1200));
    }
    if (chance(dice, 30)) {
        fprintf(file,
                ",{\"kind\":\"isolate\",\"nodes\":[\"n%u\"],\"at\":\"%um\",\"lasts\":\"%us\"}",
                between(dice, 1, 8), between(dice, 1, 60), between(dice, 1, 600));
    }
    if (device && chance(dice, 50)) {
        fprintf(file, ",{\"kind\":\"witness_lost\",\"at\":\"%um\",\"lasts\":\"%um\"}",
                between(dice, 1, 60), between(dice, 1, 30));
    }
    if (chance(dice, 25)) {
        fprintf(
            file,
            ",{\"kind\":\"hang\",\"when\":{\"node\":\"n%u\",\"state\":\"%s\",\"after\":\"3s\"}}",
            between(dice, 1, 8), states[between(dice, 0, 5)]);
    }
    if (chance(dice, 25)) {
        fprintf(file, ",{\"kind\":\"no_return\",\"nodes\":[\"n%u\"],\"at\":\"1s\"}",
                between(dice, 1, 8));
    }
    if (chance(dice, 25)) {
        fprintf(file,
                ",{\"kind\":\"slow_boot\",\"nodes\":[\"n%u\"],\"at\":\"1s\",\"delay\":\"%um\"}",
                between(dice, 1, 8), between(dice, 1, 20));
    }
    if (chance(dice, 20)) {
        fprintf(file, ",{\"kind\":\"startup_fail\",\"nodes\":[\"n%u\"],\"at\":\"1s\"}",
                between(dice, 1, 8));
    }
    if (chance(dice, 20)) {
        fprintf(file,
                ",{\"kind\":\"coordinator_cut\",\"coordinator\":\"c1\",\"at\":\"%um\",\"lasts\":\"%"
                "um\"}",
                between(dice, 1, 40), between(dice, 1, 80));
    }
    if (chance(dice, 40)) {
        fprintf(file,
                ",{\"kind\":\"coordinator_death\",\"coordinator\":\"c1\",\"part\":\"%s\","
                "\"when\":{\"node\":\"n%u\",\"state\":\"%s\"}}",
                parts[between(dice, 0, 4)], between(dice, 1, 8), states[between(dice, 0, 5)]);
    }
    more_faults(file, seed);
    fputs("],", file);
}

/* A second coordinator in every run but a few: waits for expiry, takes over a living owner's run,
 * tries its luck, or forces recovery so that a third begins anew. */
static void coordinators(FILE *file, struct dice *dice)
{
    unsigned minute = between(dice, 1, 50);
    fprintf(file, "\"coordinators\":[{\"name\":\"c1\"%s}",
            chance(dice, 30) ? ",\"node\":\"n8\"" : "");
    switch (between(dice, 0, 5)) {
    case 0:
        fputs(",{\"name\":\"c2\",\"start\":\"10s\",\"takeover\":\"expired\"}", file);
        break;
    case 1:
        fprintf(file, ",{\"name\":\"c2\",\"site\":\"b\",\"start\":\"%um\",\"takeover\":\"now\"}",
                minute);
        break;
    case 2:
        fprintf(file, ",{\"name\":\"c2\",\"node\":\"n2\",\"start\":\"%um\",\"takeover\":\"now\"}",
                minute);
        break;
    case 3:
        fprintf(file,
                ",{\"name\":\"c2\",\"start\":\"%um\",\"policy\":{\"force_recovery\":true}},"
                "{\"name\":\"c3\",\"start\":\"%um\",\"clock_skew\":\"%us\"}",
                minute, minute + 1, between(dice, 0, 50));
        break;
    case 4:
        fprintf(file, ",{\"name\":\"c2\",\"start\":\"%um\"},{\"name\":\"c3\",\"start\":\"%um\"}",
                minute, minute);
        break;
    default:
        break;
    }
    fputs("],", file);
}

static void requests(FILE *file, struct dice *dice)
{
    unsigned minute = between(dice, 1, 40);
    fputs("\"requests\":[", file);
    if (chance(dice, 15)) {
        fprintf(file, "{\"at\":\"%um\",\"kind\":\"pause\"},{\"at\":\"%um\",\"kind\":\"resume\"}",
                minute, minute + between(dice, 1, 30));
    } else if (chance(dice, 15)) {
        fprintf(file, "{\"at\":\"%um\",\"kind\":\"stop\"}", minute);
    }
    fputs("]}", file);
}

char *weather_scenario(uint64_t seed)
{
    struct dice dice = {.state = seed * 0xD1342543DE82EF95u + 1};
    char *text = NULL;
    size_t size;
    FILE *file = open_memstream(&text, &size);
    if (file == NULL) {
        abort();
    }
    fprintf(file, "{\"caucus\":1,\"name\":\"swarm-%llu\",\"seed\":%llu,", (unsigned long long)seed,
            (unsigned long long)seed);
    static const char *const witnesses[] = {"none", "ffsplit", "none", "lms"};
    const char *witness = witnesses[between(&dice, 0, 3)];
    cluster(file, &dice, witness, seed);
    updates(file, &dice, seed);
    policy(file, &dice);
    faults(file, &dice, witness[0] != 'n', seed);
    coordinators(file, &dice);
    requests(file, &dice);
    fclose(file);
    return text;
}
