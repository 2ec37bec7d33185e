/* See chronicle.h. One table gives each happening its word and its sentence. */
#define _GNU_SOURCE 1
#include "sim/chronicle.h"

#include "core/shell/words.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *event, *text;
} words[SIM_HAPPENINGS] = {
    [SIM_CRASHED] = {"crash", "power lost"},
    [SIM_HUNG] = {"hang", "it is powered and answers nothing"},
    [SIM_REPAIRED] = {"repaired", "switched on again by a human"},
    [SIM_FENCED] = {"fenced", "powered off by the cluster"},
    [SIM_POWERED_OFF] = {"power_off", "the orderly shutdown is complete"},
    [SIM_BOOTING] = {"boot", "it boots"},
    [SIM_LEVEL_RAISED] = {"level_raised", "the cluster uses what only its new software knows"},
    [SIM_DEAD] = {"dead", "an update has left it unable to boot"},
    [SIM_UP] = {"up", "booted; management answers"},
    [SIM_STARTED_UP] = {"started_up", "start-up units are up"},
    [SIM_PARTITIONED] = {"partition", "these sites are cut off from all others"},
    [SIM_HEALED] = {"heal", "these sites are connected again"},
    [SIM_ISOLATED] = {"isolated", "its network is cut"},
    [SIM_UNISOLATED] = {"unisolated", "its network is back"},
    [SIM_WITNESS_LOST] = {"witness_lost", "the witness answers nobody"},
    [SIM_WITNESS_BACK] = {"witness_back", "the witness answers again"},
    [SIM_STORAGE_DEGRADED] = {"storage_degraded", "its storage is degraded"},
    [SIM_STORAGE_OK] = {"storage_ok", "its storage is in sync"},
    [SIM_QUORUM_LOST] = {"quorum_lost", "no partition is quorate"},
    [SIM_QUORUM_BACK] = {"quorum_back", "a partition is quorate again"},
    [SIM_ROLE_STARTED] = {"role_started", "it runs here"},
    [SIM_ROLE_STOPPED] = {"role_stopped", "it does not run here any more"},
    [SIM_SUSPENDED] = {"suspended", "the run's standby mark is on it"},
    [SIM_DRAINED] = {"drained", "no role is left on it"},
    [SIM_RESUMED] = {"resumed", "the run's standby mark is gone"},
    [SIM_RESTARTING] = {"restart", "an orderly restart begins"},
    [SIM_SWITCHED_OFF] = {"switched_off", "somebody shuts it down"},
    [SIM_SLOWED] = {"slow_link", "everything between these sites takes longer"},
    [SIM_UNSLOWED] = {"link_ok", "the link between these sites is as before"},
    [SIM_DISK_FULL] = {"disk_full", "its disk is full"},
    [SIM_DISK_OK] = {"disk_ok", "its disk has room again"},
    [SIM_REPOSITORY_BROKEN] = {"repository_broken", "the package repository cannot be read"},
    [SIM_REPOSITORY_OK] = {"repository_ok", "the package repository is whole again"},
    [SIM_FEATURE_SET] = {"feature_set", "its cluster software has a new feature set"},
    [SIM_SHUT_OUT] = {"shut_out", "its feature set is older than every member's: not let in"},
    [SIM_COORDINATOR_STARTED] = {"coordinator_started", "it begins to work"},
    [SIM_COORDINATOR_ENDED] = {"coordinator_ended", "it has ended its run"},
    [SIM_COORDINATOR_DIED] = {"coordinator_died", "it is gone without a word"},
    [SIM_COORDINATOR_CUT] = {"coordinator_cut", "its network is cut"},
    [SIM_COORDINATOR_UNCUT] = {"coordinator_uncut", "its network is back"},
};

__attribute__((format(printf, 2, 3))) static void put(struct cau_sink_memory *sink,
                                                      const char *format, ...)
{
    char *text = NULL;
    int size;
    va_list args;

    va_start(args, format);
    size = vasprintf(&text, format, args);
    va_end(args);
    if (size < 0 || sink->sink.write(&sink->sink, text, (size_t)size) < 0)
        abort();
    free(text);
}

/* A name as a JSON string; names are short and mostly plain. */
static void put_name(struct cau_sink_memory *sink, const char *name)
{
    put(sink, "\"");
    for (; *name; name++) {
        if (*name == '"' || *name == '\\')
            put(sink, "\\%c", *name);
        else if ((unsigned char)*name < 0x20)
            put(sink, "\\u%04x", (unsigned)(unsigned char)*name);
        else
            put(sink, "%c", *name);
    }
    put(sink, "\"");
}

void sim_chronicle_init(struct sim_chronicle *chronicle, const struct scenario *scenario)
{
    *chronicle = (struct sim_chronicle){.scenario = scenario};
    cau_sink_memory_init(&chronicle->world);
    cau_sink_memory_init(&chronicle->votes);
    put(&chronicle->votes, "time_s,expected,total,needed,quorate,out,margin\n");
}

void sim_chronicle_done(struct sim_chronicle *chronicle)
{
    cau_sink_memory_done(&chronicle->world);
    cau_sink_memory_done(&chronicle->votes);
}

static bool same(const struct sim_best *a, const struct sim_best *b)
{
    return a->expected == b->expected && a->total == b->total && a->needed == b->needed &&
           a->quorate == b->quorate && a->out == b->out;
}

void sim_chronicle_votes(struct sim_chronicle *chronicle, const struct sim_world *world)
{
    sim_nsec now = sim_world_now(world);
    struct sim_best best;

    sim_world_best(world, &best);
    if (chronicle->any && same(&best, &chronicle->last))
        return;
    chronicle->any = true;
    chronicle->last = best;
    put(&chronicle->votes, "%lld.%09lld,%u,%u,%u,%d,%u,%lld\n", (long long)(now / 1000000000),
        (long long)(now % 1000000000), best.expected, best.total, best.needed, best.quorate,
        best.out, (long long)best.total - (long long)best.needed);
}

static void put_sites(struct sim_chronicle *chronicle, const struct scenario_fault *fault)
{
    put(&chronicle->world, ",\"Sites\":[");
    for (uint32_t i = 0; i < fault->site_count; i++) {
        if (i > 0)
            put(&chronicle->world, ",");
        put_name(&chronicle->world, chronicle->scenario->sites[fault->sites[i]].name);
    }
    put(&chronicle->world, "]");
}

static bool has_role(uint8_t kind)
{
    return kind == SIM_ROLE_STARTED || kind == SIM_ROLE_STOPPED;
}

static bool has_sites(uint8_t kind)
{
    return kind == SIM_PARTITIONED || kind == SIM_HEALED || kind == SIM_SLOWED ||
           kind == SIM_UNSLOWED;
}

void sim_chronicle_add(struct sim_chronicle *chronicle, const struct sim_world *world,
                       const struct sim_happening *what)
{
    const struct scenario *s = chronicle->scenario;
    struct cau_sink_memory *out = &chronicle->world;
    cau_msec at = s->start_ms + what->at / 1000000 + (what->at % 1000000 != 0);
    char time[32];

    if (words[what->kind].event != NULL) {
        put(out, "{\"Timestamp\":\"%s\",\"Event\":\"%s\"", cau_word_time(at, time),
            words[what->kind].event);
        if (has_sites(what->kind))
            put_sites(chronicle, &s->faults[what->value]);
        if (what->coordinator != CAU_NO_NODE) {
            put(out, ",\"Coordinator\":");
            put_name(out, s->coordinators[what->coordinator].name);
        }
        if (what->node != CAU_NO_NODE) {
            put(out, ",\"Node\":");
            put_name(out, s->nodes[what->node].name);
        }
        if (has_role(what->kind)) {
            put(out, ",\"Role\":");
            put_name(out, s->roles[what->value].name);
        }
        put(out, ",\"Text\":\"%s\"}\n", words[what->kind].text);
    }
    sim_chronicle_votes(chronicle, world);
}
