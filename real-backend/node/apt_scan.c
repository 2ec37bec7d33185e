/* The scan of the plug-in apt: what apt would do, less what the arguments leave out, at the
 * versions the run is pinned to. It changes nothing but apt's lists. See apt.h.
 *
 *     apt-get update ─► apt-get -s dist-upgrade ─► choose ─► apt-get -s install CHOSEN ─► offer
 *
 * The second simulation closes the set: an update may need others, and packages that are new here.
 * A package that dpkg left unfinished is offered again in the version it has, whatever the
 * arguments select: nothing can be installed before that is repaired. */
#include "real-backend/node/apt.h"

#include "real-backend/node/job.h"

#include <fnmatch.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#define CLOSING_ROUNDS 4                     /* pins of what is needed may need others again */
#define LONG_RESTART   ((uint64_t)100 << 20) /* bytes to download */
#define ROOM_LEFT      ((uint64_t)32 << 20)  /* bytes that must stay free */

struct scan {
    const struct plugin_request *request;
    struct apt_options options;
    struct apt_state state;
    struct apt_changes upgrade; /* all that apt would do */
    struct apt_changes changes; /* what is offered */
    struct apt_words chosen;    /* NAME=VERSION */
    struct apt_words drift;     /* sentences */
    bool narrowed;              /* `chosen` is not simply all of `upgrade` */
};

static const char *pin_of(const struct scan *scan, const char *name)
{
    for (uint32_t i = 0; i < scan->request->pin_count; i++) {
        if (strcmp(scan->request->pins[i].name, name) == 0) {
            return wire_text(scan->request->pins[i].value);
        }
    }
    return NULL;
}

static bool is_selected(const struct scan *scan, const struct apt_change *change)
{
    const struct apt_words *query = &scan->options.query;
    bool selected = query->count == 0;
    for (uint32_t i = 0; i < query->count; i++) {
        selected = selected || fnmatch(query->list[i], change->name, 0) == 0;
    }
    return selected && (!scan->options.security || apt_origin_is_security(change->origins));
}

/* The run has another version of it than apt would take, or apt would leave it alone. */
static void choose_pinned(struct scan *scan, const char *name, const char *pin)
{
    const struct apt_package *package = apt_state_find(&scan->state, name);
    const char *here = package == NULL ? "" : package->version;
    if (strcmp(here, pin) == 0) {
        return;
    }
    if (*here != '\0' && !apt_older(here, pin)) {
        apt_words_say(&scan->drift, "%s: the run has %s, this node already %s", name, pin, here);
    } else if (package != NULL && strcmp(package->want, "hold") == 0) {
        apt_words_say(&scan->drift, "%s: the run has %s, this node holds %s", name, pin, here);
    } else if (apt_available(name, pin)) {
        apt_words_say(&scan->chosen, "%s=%s", name, pin);
        scan->narrowed = true;
    } else {
        apt_words_say(&scan->drift, "%s: the run has %s, which this node cannot get%s%s", name, pin,
                      *here != '\0' ? "; it stays at " : "", here);
    }
}

static const struct apt_change *find_change(const struct apt_changes *changes, const char *name)
{
    for (uint32_t i = 0; i < changes->count; i++) {
        if (strcmp(changes->list[i].name, name) == 0) {
            return &changes->list[i];
        }
    }
    return NULL;
}

static void choose(struct scan *scan)
{
    scan->narrowed = scan->options.security || scan->options.query.count > 0;
    for (uint32_t i = 0; i < scan->upgrade.count; i++) {
        const struct apt_change *change = &scan->upgrade.list[i];
        const char *pin = pin_of(scan, change->name);
        bool differs = pin != NULL && strcmp(pin, change->version) != 0;
        scan->narrowed = scan->narrowed || differs;
        if (*change->old == '\0' || !is_selected(scan, change)) {
            continue; /* what is new here is taken when something chosen needs it */
        }
        if (differs) {
            choose_pinned(scan, change->name, pin);
        } else {
            apt_words_say(&scan->chosen, "%s=%s", change->name, change->version);
        }
    }
    for (uint32_t i = 0; i < scan->request->pin_count; i++) {
        const struct wire_pair *pin = &scan->request->pins[i];
        const struct apt_package *package = apt_state_find(&scan->state, pin->name);
        if (package != NULL && strcmp(package->status, "installed") == 0 &&
            find_change(&scan->upgrade, pin->name) == NULL) {
            choose_pinned(scan, pin->name, wire_text(pin->value));
        }
    }
}

/* Adds the pinned version of what the set needs besides; false when nothing was to be added. */
static bool pin_needed(struct scan *scan)
{
    bool added = false;
    for (uint32_t i = 0; i < scan->changes.count; i++) {
        const struct apt_change *change = &scan->changes.list[i];
        const char *pin = pin_of(scan, change->name);
        struct apt_words id = {0};
        if (pin == NULL || strcmp(pin, change->version) == 0) {
            continue;
        }
        apt_words_say(&id, "%s=%s", change->name, pin);
        if (!apt_words_have(&scan->chosen, id.list[0]) && apt_available(change->name, pin)) {
            apt_words_say(&scan->chosen, "%s", id.list[0]);
            added = true;
        }
        apt_words_done(&id);
    }
    return added;
}

/* From what was chosen to all that belongs to it. NULL, or a sentence. */
static char *close_set(struct scan *scan)
{
    char *why = NULL;
    bool more = true;
    if (!scan->narrowed) {
        scan->changes = scan->upgrade;
        scan->upgrade = (struct apt_changes){0};
        return NULL;
    }
    for (int round = 0; more && scan->chosen.count > 0 && round < CLOSING_ROUNDS; round++) {
        apt_changes_done(&scan->changes);
        why = apt_simulate(&scan->changes, &scan->options, "install", &scan->chosen, false);
        more = why == NULL && pin_needed(scan);
    }
    for (uint32_t i = 0; i < scan->changes.count; i++) {
        const struct apt_change *change = &scan->changes.list[i];
        const char *pin = pin_of(scan, change->name);
        if (pin != NULL && strcmp(pin, change->version) != 0) {
            apt_words_say(&scan->drift, "%s: the run has %s, this node takes %s", change->name, pin,
                          change->version);
        }
    }
    return why;
}

static char *check_removals(const struct scan *scan)
{
    char *names = apt_words_join(&scan->changes.removed, ", "), *why = NULL;
    if (scan->changes.removed.count > 0 && scan->options.allow_remove) {
        plugin_say_note("removed", "these packages will be removed: %s", wire_text(names));
    } else if (scan->changes.removed.count > 0) {
        why = cau_sentence("the updates would remove packages, which AllowRemove=true allows and "
                           "Query avoids: %s",
                           wire_text(names));
    }
    free(names);
    return why;
}

static void say_names(const char *note, const char *words, const struct apt_words *names)
{
    char *list = apt_words_join(names, ", ");
    if (names->count > 0) {
        plugin_say_note(note, "%s: %s", words, wire_text(list));
    }
    free(list);
}

static void say_held(const struct scan *scan)
{
    struct apt_words held = {0}, kept = {0};
    for (uint32_t i = 0; i < scan->upgrade.kept.count; i++) {
        const char *name = scan->upgrade.kept.list[i];
        const struct apt_package *package = apt_state_find(&scan->state, name);
        bool hold = package != NULL && strcmp(package->want, "hold") == 0;
        apt_words_say(hold ? &held : &kept, "%s", name);
    }
    say_names("held", "on hold, not updated", &held);
    say_names("kept", "apt keeps these back", &kept);
    apt_words_done(&held);
    apt_words_done(&kept);
}

static void offer_change(const struct scan *scan, const struct apt_change *change)
{
    const struct apt_package *package = apt_state_find(&scan->state, change->name);
    bool restart = apt_name_wants_restart(change->name);
    char *id = cau_sentence("%s=%s", change->name, change->version);
    char *title = cau_sentence("%s %s", change->name, change->version);
    char *description =
        *change->old == '\0'
            ? cau_sentence("new on this node, from %s", change->origins)
            : cau_sentence("%s; now %s, from %s", package == NULL ? change->name : package->summary,
                           change->old, change->origins);
    plugin_say_update(&(struct wire_update){
        .id = wire_text(id),
        .name = change->name,
        .version = change->version,
        .title = title,
        .description = description,
        .size = change->size,
        .restart = restart,
        .long_restart_hint = restart && change->size > LONG_RESTART,
        .feature_set = apt_changes_feature_set(change->name, change->old, change->version),
    });
    free(id);
    free(title);
    free(description);
}

/* Packages that dpkg has begun and not finished. */
static void offer_repairs(const struct scan *scan)
{
    static const char *const whole[] = {"installed", "config-files", "not-installed"};
    for (uint32_t i = 0; i < scan->state.count; i++) {
        const struct apt_package *package = &scan->state.list[i];
        bool good = *package->version == '\0' || find_change(&scan->changes, package->name) != NULL;
        for (size_t j = 0; j < sizeof(whole) / sizeof(whole[0]); j++) {
            good = good || strcmp(package->status, whole[j]) == 0;
        }
        if (good) {
            continue;
        }
        char *id = cau_sentence("%s=%s", package->name, package->version);
        char *title = cau_sentence("%s %s: repair", package->name, package->version);
        char *description = cau_sentence("dpkg left this package %s; it must be finished before "
                                         "anything else can be installed",
                                         package->status);
        plugin_say_update(&(struct wire_update){
            .id = wire_text(id),
            .name = package->name,
            .version = package->version,
            .title = title,
            .description = description,
            .restart = apt_name_wants_restart(package->name),
        });
        free(id);
        free(title);
        free(description);
    }
}

static char *refresh(const struct apt_options *options)
{
    struct apt_words argv = {0};
    struct apt_run run;
    apt_get(&argv, options);
    apt_words_say(&argv, "-q");
    apt_words_say(&argv, "-o");
    apt_words_say(&argv, "APT::Update::Error-Mode=any");
    apt_words_say(&argv, "update");
    apt_call(&run, &argv, options, NULL, NULL);
    char *why = run.status == 0 ? NULL : apt_sentence("apt-get update", &run);
    apt_run_done(&run);
    apt_words_done(&argv);
    return why;
}

/* What apt would do. It refuses a preference for archives that its sources do not have; a label
 * may still tell which updates are for security. NULL, or a sentence. */
static char *upgrade(struct scan *scan)
{
    scan->options.prefer_security = scan->options.security;
    char *why = apt_simulate(&scan->upgrade, &scan->options, "dist-upgrade", NULL, false);
    if (why != NULL && strstr(why, "invalid for APT::Default-Release") != NULL) {
        free(why);
        scan->options.prefer_security = false;
        plugin_say_note("security", "none of apt's sources is an archive called *-security");
        why = apt_simulate(&scan->upgrade, &scan->options, "dist-upgrade", NULL, false);
    }
    return why;
}

/* Is there room for so much at this place? A sentence, or NULL; NULL also where nobody can say. */
static char *lacks_room(const char *place, uint64_t needed)
{
    char *path = node_path("%s", place), *why = NULL;
    struct statvfs room;
    if (path != NULL && statvfs(path, &room) == 0) {
        uint64_t there = (uint64_t)room.f_bavail * room.f_frsize;
        why = there >= needed ? NULL
                              : cau_sentence("%s has %" PRIu64 " MiB of room, the updates need "
                                             "about %" PRIu64,
                                             place, there >> 20, (needed >> 20) + 1);
    }
    free(path);
    return why;
}

/* The check of space. What is unpacked takes, as a rule, less than four times its download. */
static char *check_room(const struct scan *scan)
{
    uint64_t size = 0;
    for (uint32_t i = 0; i < scan->changes.count; i++) {
        size += scan->changes.list[i].size;
    }
    if (scan->changes.count == 0 || scan->request->skip_checks) {
        return NULL;
    }
    char *why = lacks_room("/var/cache/apt/archives", size + ROOM_LEFT);
    return why != NULL ? why : lacks_room("/usr", 4 * size + ROOM_LEFT);
}

/* All but the offer. NULL, or a sentence. */
static char *look(struct scan *scan)
{
    char *why = refresh(&scan->options);
    why = why != NULL ? why : apt_state_read(&scan->state);
    why = why != NULL ? why : upgrade(scan);
    if (why != NULL) {
        return why;
    }
    choose(scan);
    say_held(scan);
    why = close_set(scan);
    for (uint32_t i = 0; i < scan->drift.count; i++) {
        plugin_say_note("drift", "%s", scan->drift.list[i]);
    }
    why = why != NULL ? why : check_removals(scan);
    if (why == NULL && scan->changes.count > 0) {
        struct apt_words ids = {0}, files = {0};
        for (uint32_t i = 0; i < scan->changes.count; i++) {
            apt_words_say(&ids, "%s=%s", scan->changes.list[i].name, scan->changes.list[i].version);
        }
        why = apt_missing(&files, &scan->changes, &scan->options, &ids);
        apt_words_done(&ids);
        apt_words_done(&files);
    }
    return why;
}

void apt_scan(const struct plugin_request *request, const struct apt_options *options)
{
    struct scan scan = {.request = request, .options = *options};
    char *why = look(&scan), *unfit = why == NULL ? check_room(&scan) : NULL;
    if (why != NULL) {
        plugin_say_failed(100, "%s", why);
    } else if (unfit != NULL) {
        plugin_say_unfit(unfit);
    } else {
        for (uint32_t i = 0; i < scan.changes.count; i++) {
            offer_change(&scan, &scan.changes.list[i]);
        }
        offer_repairs(&scan);
        plugin_say_ok();
    }
    free(why);
    free(unfit);
    apt_state_done(&scan.state);
    apt_changes_done(&scan.upgrade);
    apt_changes_done(&scan.changes);
    apt_words_done(&scan.chosen);
    apt_words_done(&scan.drift);
}
