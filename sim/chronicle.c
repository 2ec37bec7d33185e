/* See chronicle.h. One table gives each happening its word and its sentence. */
#include "sim/chronicle.h"

#include "core/shell/pages.h"
#include "core/shell/text.h"
#include "core/shell/words.h"

#include <errno.h>
#include <stdlib.h>

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

void sim_chronicle_done(struct sim_chronicle *chronicle)
{
    free(chronicle->happenings);
    free(chronicle->votes);
    *chronicle = (struct sim_chronicle){0};
}

/* --- Keeping --- */

/* The block with room for one more element after `count`. */
static void *grown(void *block, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return block;
    *capacity = 2 * *capacity + 64;
    block = realloc(block, *capacity * size);
    if (block == NULL)
        abort();
    cau_pages_ask(block, *capacity * size);
    return block;
}

static bool same(const struct sim_best *a, const struct sim_best *b)
{
    return a->expected == b->expected && a->total == b->total && a->needed == b->needed &&
           a->quorate == b->quorate && a->out == b->out;
}

void sim_chronicle_look(struct sim_chronicle *chronicle, const struct sim_world *world)
{
    struct sim_chronicle_votes now = {.at = sim_world_now(world)};
    size_t count = chronicle->vote_count;

    sim_world_best(world, &now.best);
    if (count > 0 && same(&now.best, &chronicle->votes[count - 1].best))
        return;
    chronicle->votes = grown(chronicle->votes, count, &chronicle->vote_capacity, sizeof now);
    chronicle->votes[chronicle->vote_count++] = now;
}

void sim_chronicle_add(struct sim_chronicle *chronicle, const struct sim_world *world,
                       const struct sim_happening *what)
{
    if (words[what->kind].event != NULL) {
        chronicle->happenings =
            grown(chronicle->happenings, chronicle->count, &chronicle->capacity, sizeof *what);
        chronicle->happenings[chronicle->count++] = *what;
    }
    sim_chronicle_look(chronicle, world);
}

/* --- Telling --- */

static int put(struct cau_sink *sink, struct cau_text *text)
{
    int rc = text->failed ? -ENOMEM : sink->write(sink, text->data, text->size);

    cau_text_done(text);
    return rc;
}

static void say_seconds(struct cau_text *text, sim_nsec at)
{
    char part[9];

    cau_text_int(text, at / 1000000000);
    for (size_t i = sizeof part; i-- > 0; at /= 10)
        part[i] = (char)('0' + at % 10);
    cau_text_say(text, ".");
    cau_text_add(text, part, sizeof part);
}

static void say_count(struct cau_text *text, int64_t count)
{
    cau_text_say(text, ",");
    cau_text_int(text, count);
}

static void say_votes(struct cau_text *text, const struct sim_chronicle_votes *votes)
{
    const struct sim_best *best = &votes->best;

    say_seconds(text, votes->at);
    say_count(text, best->expected);
    say_count(text, best->total);
    say_count(text, best->needed);
    say_count(text, best->quorate);
    say_count(text, best->out);
    say_count(text, (int64_t)best->total - (int64_t)best->needed);
    cau_text_say(text, "\n");
}

int sim_chronicle_votes(const struct sim_chronicle *chronicle, struct cau_sink *sink)
{
    struct cau_text text;
    int rc;

    cau_text_init(&text);
    cau_text_say(&text, "time_s,expected,total,needed,quorate,out,margin\n");
    rc = put(sink, &text);
    for (size_t i = 0; rc == 0 && i < chronicle->vote_count; i++) {
        cau_text_init(&text);
        say_votes(&text, &chronicle->votes[i]);
        rc = put(sink, &text);
    }
    return rc;
}

static void say_sites(struct cau_text *text, const struct scenario *scenario,
                      const struct scenario_fault *fault)
{
    cau_text_say(text, ",\"Sites\":[");
    for (uint32_t i = 0; i < fault->site_count; i++) {
        if (i > 0)
            cau_text_say(text, ",");
        cau_text_quote(text, scenario->sites[fault->sites[i]].name);
    }
    cau_text_say(text, "]");
}

static void say_name(struct cau_text *text, const char *key, const char *name)
{
    cau_text_say(text, key);
    cau_text_quote(text, name);
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

static void say_happening(struct cau_text *text, const struct scenario *s,
                          const struct sim_happening *what)
{
    cau_msec at = s->start_ms + what->at / 1000000 + (what->at % 1000000 != 0);
    char time[32];

    say_name(text, "{\"Timestamp\":", cau_word_time(at, time));
    say_name(text, ",\"Event\":", words[what->kind].event);
    if (has_sites(what->kind))
        say_sites(text, s, &s->faults[what->value]);
    if (what->coordinator != CAU_NO_NODE)
        say_name(text, ",\"Coordinator\":", s->coordinators[what->coordinator].name);
    if (what->node != CAU_NO_NODE)
        say_name(text, ",\"Node\":", s->nodes[what->node].name);
    if (has_role(what->kind))
        say_name(text, ",\"Role\":", s->roles[what->value].name);
    say_name(text, ",\"Text\":", words[what->kind].text);
    cau_text_say(text, "}\n");
}

int sim_chronicle_world(const struct sim_chronicle *chronicle, struct cau_sink *sink)
{
    struct cau_text text;
    int rc = 0;

    for (size_t i = 0; rc == 0 && i < chronicle->count; i++) {
        cau_text_init(&text);
        say_happening(&text, chronicle->scenario, &chronicle->happenings[i]);
        rc = put(sink, &text);
    }
    return rc;
}
