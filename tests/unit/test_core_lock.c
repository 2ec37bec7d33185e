/* The lock, and what a successor makes of a dead coordinator's run, against the puppet cluster. */
#include "tests/lib/puppet.h"
#include "tests/lib/unit.h"

#include <string.h>

static struct puppet p;

static void run(void)
{
    puppet_init(&p);
    puppet_start(&p);
    CU_ASSERT_TRUE(puppet_ended(&p));
}

static bool happened(const char *words)
{
    return strstr(p.trace, words) != NULL;
}

static struct cau_lock foreign(cau_msec stamp)
{
    return (struct cau_lock){
        .owner = {9, 9}, .run = {8, 8}, .epoch = 5, .stamp = stamp, .phase = CAU_LOCK_HELD};
}

/* SPEC 4.1, 4.2: a foreign lock is respected for an hour of silence, to the millisecond. */
static void expiry(void)
{
    for (int d = -1; d <= 1; d++) {
        puppet_default(&p, 3);
        /* the store answers 20 + 50 ms after the start: that is when the age is judged */
        p.lock = foreign(p.now + 70 - CAU_LOCK_EXPIRY_MS - d);
        run();
        bool expired = d >= 0;
        CU_ASSERT_EQUAL(p.cluster.status, expired ? CAU_STATUS_SUCCEEDED : CAU_STATUS_FAILED);
        CU_ASSERT_EQUAL(p.cluster.why, expired ? CAU_WHY_NONE : CAU_WHY_LOCKED);
        CU_ASSERT_EQUAL(p.lock.epoch, expired ? 6 : 5);
        CU_ASSERT_EQUAL(happened("scan"), expired);
        puppet_done(&p);
    }
}

/* SPEC 4.1: a stamp from the future. */
static void clock_skew(void)
{
    for (int d = 0; d <= 1; d++) {
        puppet_default(&p, 3);
        p.lock = foreign(p.now + 70 + CAU_LOCK_SKEW_MS + d);
        run();
        CU_ASSERT_EQUAL(p.cluster.why, d == 0 ? CAU_WHY_LOCKED : CAU_WHY_CLOCK_SKEW);
        puppet_done(&p);
    }
}

/* SPEC 4.4 */
static void force_recovery(void)
{
    puppet_default(&p, 3);
    p.plan.mode = CAU_MODE_RECOVER;
    p.lock = foreign(p.now - 1000);
    p.facts[1].standby = CAU_STANDBY_OURS;
    run();
    CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_SUCCEEDED);
    CU_ASSERT_TRUE((p.cluster.notes & CAU_NOTE_RECOVERED) != 0);
    CU_ASSERT_TRUE(p.results[1].left_suspended);
    CU_ASSERT_EQUAL(p.facts[1].standby, CAU_STANDBY_OURS);
    CU_ASSERT_EQUAL(p.lock.phase, CAU_LOCK_FREE);
    CU_ASSERT_EQUAL(p.progress_size, 0);
    CU_ASSERT_FALSE(happened("scan"));
    CU_ASSERT_FALSE(happened("resume"));
    puppet_done(&p);
}

/* SPEC 4.5: heartbeats while nothing happens, and one write before each irreversible action. */
static void heartbeat(void)
{
    puppet_default(&p, 3);
    p.restart_ms = 0;
    run();
    uint32_t plain = p.actions[CAU_ACT_LOCK_WRITE];
    CU_ASSERT_EQUAL(plain, 2 + 3 * 5 + 2);
    /* claim, confirm; suspend, install, restart, verified, resuming; the last result, free */
    puppet_done(&p);
    puppet_default(&p, 1);
    p.plan.policy.soak_ms = 3600000;
    run();
    CU_ASSERT_EQUAL(p.actions[CAU_ACT_LOCK_WRITE], 2 + 6 + 12 + 1);
    puppet_done(&p);
}

/* SPEC 4.6: the lock is foreign at some moment: nothing more is begun, not even a resume. */
static void loss_is_final(void)
{
    puppet_default(&p, 3);
    puppet_init(&p);
    puppet_event(&p, CAU_EV_START);
    while (!happened("install0")) {
        puppet_run(&p, p.now + 100);
    }
    p.lock = foreign(p.now);
    size_t before = p.trace_size;
    puppet_run(&p, p.now + 86400000);
    CU_ASSERT_TRUE(puppet_ended(&p));
    CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_FAILED);
    CU_ASSERT_EQUAL(p.cluster.why, CAU_WHY_LOCK_LOST);
    CU_ASSERT_EQUAL(p.results[0].status, CAU_STATUS_FAILED);
    CU_ASSERT_TRUE(p.results[0].left_suspended);
    CU_ASSERT_EQUAL(p.results[2].status, CAU_STATUS_CANCELED);
    const char *after = p.trace + before;
    CU_ASSERT_PTR_NULL(strstr(after, "restart"));
    CU_ASSERT_PTR_NULL(strstr(after, "resume"));
    CU_ASSERT_PTR_NULL(strstr(after, "save"));
    CU_ASSERT_EQUAL(p.lock.epoch, 5);
    puppet_done(&p);
}

/* A store without quorum is waited for; when others may take the lock for expired, it is lost. */
static void store_without_quorum(void)
{
    puppet_default(&p, 3);
    puppet_init(&p);
    puppet_event(&p, CAU_EV_START);
    while (!happened("install0")) {
        puppet_run(&p, p.now + 100);
    }
    p.store_refuses = true;
    puppet_run(&p, p.now + 1800000);
    CU_ASSERT_FALSE(puppet_ended(&p));
    CU_ASSERT_FALSE(happened("restart0"));
    p.store_refuses = false;
    puppet_run(&p, p.now + 86400000);
    CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_SUCCEEDED);
    puppet_done(&p);
    puppet_default(&p, 3);
    puppet_init(&p);
    puppet_event(&p, CAU_EV_START);
    puppet_run(&p, p.now + 20000);
    p.store_refuses = true;
    puppet_run(&p, p.now + 2 * CAU_LOCK_EXPIRY_MS);
    CU_ASSERT_EQUAL(p.cluster.why, CAU_WHY_LOCK_LOST);
    puppet_done(&p);
}

/* SPEC 4.3: two claim at once: the store lets one through, the other finds it locked. */
static bool rival(struct puppet *puppet, const struct cau_action *action, uint8_t *code,
                  cau_msec *delay)
{
    (void)code;
    (void)delay;
    uint32_t *at = puppet->ctx;
    if (action->kind == CAU_ACT_LOCK_WRITE && (*at)-- == 1) {
        puppet->lock = foreign(puppet->now);
    }
    return true;
}

static void rival_claims(void)
{
    for (uint32_t write = 1; write <= 2; write++) {
        uint32_t at = write;
        puppet_default(&p, 3);
        p.pull = rival;
        p.ctx = &at;
        run();
        CU_ASSERT_EQUAL(p.cluster.why, CAU_WHY_LOCKED);
        CU_ASSERT_FALSE(happened("scan"));
        puppet_done(&p);
    }
}

/* From the claim to the lock; `later` is when the copies that lag show the claim, or 0 = never. */
static cau_msec settled_after(cau_msec later)
{
    puppet_init(&p);
    puppet_event(&p, CAU_EV_START);
    while (p.lock.phase != CAU_LOCK_CLAIMED) {
        puppet_run(&p, p.now + 1);
    }
    cau_msec claimed = p.now;
    while (p.lock.phase != CAU_LOCK_HELD && p.now < claimed + 60000) {
        if (later != 0 && p.now >= claimed + later) {
            p.copies_lag = 0;
        }
        puppet_run(&p, p.now + 1);
    }
    cau_msec held = p.now;
    puppet_done(&p);
    return held - claimed;
}

/* SPEC 4.3: the claim is the lock as soon as every member's own copy shows it and no other vote is
 * there; in doubt the membership is given its time. */
static void settling(void)
{
    const cau_msec settle = 5000, quick = 200; /* a write and a look, twice at most */
    puppet_default(&p, 5);
    CU_ASSERT_EQUAL(p.plan.lock_settle_ms, settle);
    CU_ASSERT_TRUE(settled_after(0) < quick);
    puppet_default(&p, 5);
    p.copies_lag = 1u << 3;
    CU_ASSERT_TRUE(settled_after(0) >= settle);
    puppet_default(&p, 5); /* looked at again and again */
    p.copies_lag = 1u << 3;
    cau_msec took = settled_after(1200);
    CU_ASSERT_TRUE(took > 1200 && took < 1200 + 500 + quick);
    puppet_default(&p, 5); /* one that is no member need not show anything */
    p.copies_lag = 1u << 3;
    p.facts[3].member = false;
    CU_ASSERT_TRUE(settled_after(0) < quick);
    puppet_default(&p, 5); /* somebody votes whose copy nobody can see */
    p.votes_fixed = true;
    p.votes.total = p.votes.expected = 6;
    CU_ASSERT_TRUE(settled_after(0) >= settle);
    for (uint32_t weights = 5; weights <= 6; weights++) { /* or may be given a vote */
        puppet_default(&p, 5);
        p.plan.quorum.family = CAU_QUORUM_WINDOWS;
        p.votes_fixed = true;
        p.votes = (struct cau_votes){
            .expected = 5, .total = 5, .needed = 3, .members = weights, .weights = weights};
        CU_ASSERT_EQUAL(settled_after(0) < quick, weights == 5);
    }
}

/* Two observers that disagree prove nothing, whatever the copies show. */
static void settling_in_doubt(void)
{
    puppet_default(&p, 5);
    puppet_init(&p);
    puppet_event(&p, CAU_EV_START);
    while (p.lock.phase != CAU_LOCK_CLAIMED) {
        puppet_run(&p, p.now + 1);
    }
    p.observers_differ = true;
    puppet_run(&p, p.now + 20000);
    CU_ASSERT_EQUAL(p.lock.phase, CAU_LOCK_CLAIMED);
    p.observers_differ = false;
    puppet_run(&p, p.now + 60001);
    CU_ASSERT_EQUAL(p.lock.phase, CAU_LOCK_HELD);
    puppet_done(&p);
}

/* A write whose answer is lost is written again on top of itself, not taken for a loss. */
static bool lose_write(struct puppet *puppet, const struct cau_action *action, uint8_t *code,
                       cau_msec *delay)
{
    (void)code;
    (void)delay;
    uint32_t *every = puppet->ctx;
    if (action->kind == CAU_ACT_LOCK_WRITE && ++*every % 3 == 0) {
        puppet->lock = action->lock_want;
        struct puppet_pending unknown = {.at = puppet->now + CAU_LOCK_SKEW_MS,
                                         .op = action->id,
                                         .seq = ++puppet->seq,
                                         .code = CAU_RC_UNKNOWN,
                                         .kind = action->kind};
        puppet->pending[puppet->pending_count++] = unknown;
        return false;
    }
    return true;
}

static void lost_answers(void)
{
    uint32_t every = 0;
    puppet_default(&p, 3);
    p.pull = lose_write;
    p.ctx = &every;
    run();
    CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_SUCCEEDED);
    CU_ASSERT_TRUE(every > 9);
    puppet_done(&p);
}

/* ---- take-over ---- */

/* All irreversible actions from here to the end: "suspend0 install0 ...". Looking again (scans,
 * stagings) and bringing back is harmless, and the one who knows less does more of it. */
static void next_decisions(char *buf, size_t size)
{
    size_t before = p.trace_size;
    puppet_run(&p, p.now + 30ll * 86400000);
    CU_ASSERT_TRUE(puppet_ended(&p));
    size_t used = 0;
    for (const char *word = p.trace + before; *word != '\0' && used + 16 < size;) {
        size_t length = strcspn(word, " ");
        bool counts = strncmp(word, "suspend", 7) == 0 || strncmp(word, "install", 7) == 0 ||
                      strncmp(word, "restart", 7) == 0 || strncmp(word, "pre", 3) == 0;
        if (counts) {
            memcpy(buf + used, word, length + 1);
            used += length + 1;
        }
        word += length + 1;
    }
    buf[used] = '\0';
}

/* It died after the lock was freed: a successor finds no run to continue and begins a new one. */
static bool freed;

/* Runs `steps` steps of a clean run, kills the coordinator there and continues it one of two ways.
 */
static bool crash_and_continue(uint32_t steps, bool by_progress, char *decisions, size_t size)
{
    puppet_default(&p, 3);
    p.plan.policy.pre_script = true;
    puppet_init(&p);
    puppet_event(&p, CAU_EV_START);
    while (p.steps < steps && !puppet_ended(&p)) {
        cau_msec next = cau_deadline(p.core);
        for (uint32_t i = 0; i < p.pending_count; i++) {
            next = cau_msec_min(next, p.pending[i].at);
        }
        puppet_run(&p, next);
    }
    bool ended = puppet_ended(&p);
    freed = p.actions[CAU_ACT_SAVE_REPORT] > 0 && p.lock.phase == CAU_LOCK_FREE;
    if (!ended) {
        /* answers to the dead are lost; changes in the cluster go on */
        for (uint32_t i = 0; i < p.pending_count;) {
            if (p.pending[i].op != 0) {
                p.pending[i] = p.pending[--p.pending_count];
            } else {
                i++;
            }
        }
        p.now += 30000;
        if (by_progress) {
            const char *why;
            p.plan.orchestrator = (struct cau_guid){3, 3};
            p.plan.run = (struct cau_guid){3, 4};
            p.plan.takeover = CAU_TAKEOVER_NOW;
            CU_ASSERT_EQUAL(cau_init(p.core, &p.plan, &why), 0);
            puppet_event(&p, CAU_EV_START);
        } else {
            puppet_event(&p, CAU_EV_TAKEOVER);
        }
        next_decisions(decisions, size);
        CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_SUCCEEDED);
        for (uint32_t i = 0; i < 3; i++) {
            CU_ASSERT_EQUAL(p.facts[i].boot_id, 1100 + i); /* restarted exactly once */
            CU_ASSERT_EQUAL(p.facts[i].standby, CAU_STANDBY_NO);
        }
    }
    puppet_done(&p);
    return ended;
}

/* SPEC 4.7: killed after each step of a run, continued by replay and by progress: both end well, no
 * second restart for one update, nobody left suspended, and the decisions are the same. */
static void crash_points(void)
{
    static char here[4096], there[4096];
    uint32_t points = 0, differ = 0;
    for (uint32_t steps = 1;; steps++) {
        here[0] = there[0] = '\0';
        bool ended = crash_and_continue(steps, false, here, sizeof here);
        crash_and_continue(steps, true, there, sizeof there);
        if (ended) {
            break;
        }
        points++;
        differ += freed ? 0 : strcmp(here, there) != 0;
    }
    CU_ASSERT_TRUE(points > 50);
    CU_ASSERT_EQUAL(differ, 0);
}

/* SPEC 4.7: a successor of the waiting kind continues after the hour, with the same RunId. */
static void waits_for_expiry(void)
{
    puppet_default(&p, 3);
    puppet_init(&p);
    puppet_event(&p, CAU_EV_START);
    while (!happened("restart1")) {
        puppet_run(&p, p.now + 100);
    }
    CU_ASSERT_EQUAL(p.result_count[0], 1);
    for (uint32_t i = 0; i < p.pending_count;) {
        if (p.pending[i].op != 0) {
            p.pending[i] = p.pending[--p.pending_count];
        } else {
            i++;
        }
    }
    const char *why;
    cau_msec died = p.now;
    p.plan.orchestrator = (struct cau_guid){3, 3};
    p.plan.run = (struct cau_guid){3, 4};
    p.plan.takeover = CAU_TAKEOVER_EXPIRED;
    CU_ASSERT_EQUAL(cau_init(p.core, &p.plan, &why), 0);
    puppet_event(&p, CAU_EV_START);
    puppet_run(&p, p.now + 30ll * 86400000);
    CU_ASSERT_EQUAL(p.cluster.status, CAU_STATUS_SUCCEEDED);
    CU_ASSERT_EQUAL(p.cluster.run.hi, 1);
    CU_ASSERT_TRUE(p.now - died >= CAU_LOCK_EXPIRY_MS);
    CU_ASSERT_TRUE((p.cluster.notes & CAU_NOTE_TAKEN_OVER) != 0);
    CU_ASSERT_EQUAL(p.result_count[0], 2); /* once by each: the successor's report is whole */
    CU_ASSERT_TRUE(p.results[0].details_missing);
    CU_ASSERT_EQUAL(p.results[0].succeeded, 1);
    puppet_done(&p);
}

/* Damaged or foreign progress is not believed: a new run begins. */
static void damaged_progress(void)
{
    for (int i = 0; i < 3; i++) {
        for (int expired = 0; expired <= 1; expired++) {
            puppet_default(&p, 3);
            p.plan.takeover = expired ? CAU_TAKEOVER_EXPIRED : CAU_TAKEOVER_NOW;
            p.lock = foreign(expired ? p.now - CAU_LOCK_EXPIRY_MS - 1 : p.now);
            memset(p.progress, 0xA5, sizeof p.progress);
            p.progress_size = i == 0 ? 0 : i == 1 ? cau_progress_max(&p.plan) : 7;
            run();
            CU_ASSERT_EQUAL(p.cluster.status, expired ? CAU_STATUS_SUCCEEDED : CAU_STATUS_FAILED);
            CU_ASSERT_EQUAL(p.cluster.why, expired ? CAU_WHY_NONE : CAU_WHY_NOTHING_TO_TAKE_OVER);
            CU_ASSERT_EQUAL(p.cluster.run.hi, 1);
            CU_ASSERT_EQUAL(p.lock.epoch, expired ? 6 : 5);
            puppet_done(&p);
        }
    }
}

/* SPEC 4.7: progress of as many nodes that are called otherwise is none of this run's. */
static void progress_of_others(void)
{
    for (uint32_t named = 0; named <= 2; named++) {
        puppet_default(&p, 3);
        p.plan.nodes_digest = 1;
        puppet_init(&p);
        puppet_event(&p, CAU_EV_START);
        while (!happened("install0")) {
            puppet_run(&p, p.now + 100);
        }
        struct cau_lock lock = p.lock;
        uint8_t progress[sizeof p.progress];
        size_t size = p.progress_size;
        memcpy(progress, p.progress, size);
        puppet_done(&p);
        puppet_default(&p, 3);
        p.plan.nodes_digest = named;
        p.plan.orchestrator.lo ^= 1;
        p.plan.takeover = CAU_TAKEOVER_NOW;
        p.lock = lock;
        p.now = lock.stamp;
        memcpy(p.progress, progress, size);
        p.progress_size = size;
        run();
        CU_ASSERT_EQUAL(p.cluster.why, named == 2 ? CAU_WHY_NOTHING_TO_TAKE_OVER : CAU_WHY_NONE);
        puppet_done(&p);
    }
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"expiry", expiry},
        {"clock skew", clock_skew},
        {"ForceRecovery", force_recovery},
        {"heartbeat", heartbeat},
        {"loss is final", loss_is_final},
        {"store without quorum", store_without_quorum},
        {"a rival claims", rival_claims},
        {"settling", settling},
        {"settling in doubt", settling_in_doubt},
        {"lost answers", lost_answers},
        {"crash points", crash_points},
        {"waits for expiry", waits_for_expiry},
        {"damaged progress", damaged_progress},
        {"progress of others", progress_of_others},
    };
    return UNIT_MAIN("core lock", tests);
}
