/* What apt and dpkg print, taken apart: see apt.h. Their words are those of LC_ALL=C. */
#include "real-backend/node/apt.h"

#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- lists ---- */

void *apt_grow(void *list, uint32_t count, uint32_t *capacity, size_t size)
{
    if (count + 1 >= *capacity) {
        *capacity = *capacity * 2 + 16;
        list = realloc(list, *capacity * size);
        if (list == NULL) {
            plugin_say_failed(0, "no memory for what apt says");
            exit(1);
        }
    }
    return list;
}

char *apt_copy(const char *text, size_t size)
{
    char *own = strndup(text, size);
    if (own == NULL) {
        plugin_say_failed(0, "no memory for what apt says");
        exit(1);
    }
    return own;
}

void apt_words_add(struct apt_words *words, const char *word, size_t size)
{
    words->list = apt_grow(words->list, words->count, &words->capacity, sizeof(*words->list));
    words->list[words->count++] = apt_copy(word, size);
    words->list[words->count] = NULL;
}

void apt_words_say(struct apt_words *words, const char *format, ...)
{
    char *word = NULL;
    va_list args;
    va_start(args, format);
    int size = vasprintf(&word, format, args);
    va_end(args);
    if (size >= 0) {
        apt_words_add(words, word, (size_t)size);
        free(word);
    }
}

bool apt_words_have(const struct apt_words *words, const char *word)
{
    for (uint32_t i = 0; i < words->count; i++) {
        if (strcmp(words->list[i], word) == 0) {
            return true;
        }
    }
    return false;
}

char *apt_words_join(const struct apt_words *words, const char *between)
{
    struct cau_text text;
    cau_text_init(&text);
    for (uint32_t i = 0; i < words->count; i++) {
        cau_text_say(&text, i == 0 ? "" : between);
        cau_text_say(&text, words->list[i]);
    }
    return cau_text_take(&text);
}

void apt_words_done(struct apt_words *words)
{
    for (uint32_t i = 0; i < words->count; i++) {
        free(words->list[i]);
    }
    free(words->list);
    *words = (struct apt_words){0};
}

bool apt_line(const char **text, const char **ret, size_t *ret_size)
{
    if (**text == '\0') {
        return false;
    }
    *ret = *text;
    *ret_size = strcspn(*text, "\n");
    *text += *ret_size + ((*text)[*ret_size] == '\n' ? 1 : 0);
    return true;
}

bool apt_begins(const char *line, size_t size, const char *with)
{
    size_t length = strlen(with);
    return size >= length && memcmp(line, with, length) == 0;
}

/* ---- dpkg ---- */

static int by_name(const void *a, const void *b)
{
    const struct apt_package *left = a, *right = b;
    return strcmp(left->name, right->name);
}

void apt_parse_state(struct apt_state *ret, const char *output, const char *native)
{
    const char *line;
    size_t size;
    *ret = (struct apt_state){0};
    while (apt_line(&output, &line, &size)) {
        enum { NAME, ARCH, VERSION, WANT, STATUS, FLAGS, SUMMARY, COLUMNS };
        char *columns[COLUMNS];
        for (int i = 0; i < COLUMNS; i++) {
            size_t width = 0;
            while (width < size && (i == SUMMARY || line[width] != '\t')) {
                width++;
            }
            columns[i] = apt_copy(line, width);
            size_t taken = width < size ? width + 1 : width;
            line += taken;
            size -= taken;
        }
        bool foreign = strcmp(columns[ARCH], native) != 0 && strcmp(columns[ARCH], "all") != 0 &&
                       *columns[ARCH] != '\0';
        struct apt_words name = {0};
        apt_words_say(&name, "%s%s%s", columns[NAME], foreign ? ":" : "",
                      foreign ? columns[ARCH] : "");
        ret->list = apt_grow(ret->list, ret->count, &ret->capacity, sizeof(*ret->list));
        ret->list[ret->count++] = (struct apt_package){
            .name = apt_copy(name.list[0], strlen(name.list[0])),
            .version = columns[VERSION],
            .want = columns[WANT],
            .status = columns[STATUS],
            .flags = columns[FLAGS],
            .summary = columns[SUMMARY],
        };
        apt_words_done(&name);
        free(columns[NAME]);
        free(columns[ARCH]);
    }
    if (ret->count > 0) {
        qsort(ret->list, ret->count, sizeof(*ret->list), by_name);
    }
}

const struct apt_package *apt_state_find(const struct apt_state *state, const char *name)
{
    uint32_t low = 0, high = state->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int order = strcmp(state->list[middle].name, name);
        if (order == 0) {
            return &state->list[middle];
        }
        low = order < 0 ? middle + 1 : low;
        high = order < 0 ? high : middle;
    }
    return NULL;
}

bool apt_state_has(const struct apt_state *state, const char *name, const char *version)
{
    const struct apt_package *package = apt_state_find(state, name);
    return package != NULL && strcmp(package->status, "installed") == 0 &&
           strcmp(package->version, version) == 0;
}

void apt_state_done(struct apt_state *state)
{
    for (uint32_t i = 0; i < state->count; i++) {
        struct apt_package *package = &state->list[i];
        char *texts[] = {package->name,   package->version, package->want,
                         package->status, package->flags,   package->summary};
        for (size_t j = 0; j < sizeof(texts) / sizeof(texts[0]); j++) {
            free(texts[j]);
        }
    }
    free(state->list);
    *state = (struct apt_state){0};
}

/* ---- apt-get -s ---- */

/* Inst NAME [OLD] (VERSION ORIGIN, ORIGIN [ARCH]) ... */
static bool parse_inst(struct apt_change *ret, const char *line, size_t size)
{
    const char *end = line + size, *name = line + strlen("Inst ");
    const char *space = memchr(name, ' ', (size_t)(end - name));
    const char *open = space == NULL ? NULL : memchr(space, '(', (size_t)(end - space));
    const char *close = open == NULL ? NULL : memchr(open, ')', (size_t)(end - open));
    if (close == NULL) {
        return false;
    }
    const char *old = memchr(space, '[', (size_t)(open - space)), *old_end = NULL;
    if (old != NULL) {
        old_end = memchr(old, ']', (size_t)(open - old));
    }
    const char *version = open + 1, *version_end = version;
    while (version_end < close && *version_end != ' ') {
        version_end++;
    }
    const char *origins = version_end < close ? version_end + 1 : close, *origins_end = close;
    while (origins_end > origins && *origins_end != '[') {
        origins_end--;
    }
    while (origins_end > origins && origins_end[-1] == ' ') {
        origins_end--;
    }
    *ret = (struct apt_change){
        .name = apt_copy(name, (size_t)(space - name)),
        .old = old_end == NULL ? apt_copy("", 0) : apt_copy(old + 1, (size_t)(old_end - old - 1)),
        .version = apt_copy(version, (size_t)(version_end - version)),
        .origins = apt_copy(origins, (size_t)(origins_end - origins)),
    };
    return true;
}

/* The words of an indented line. */
static void add_names(struct apt_words *words, const char *line, size_t size)
{
    for (size_t at = 0; at < size;) {
        size_t width = 0;
        while (at + width < size && line[at + width] != ' ') {
            width++;
        }
        if (width > 0) {
            apt_words_add(words, line + at, width);
        }
        at += width + 1;
    }
}

void apt_parse_simulation(struct apt_changes *ret, const char *output)
{
    const char *line;
    size_t size;
    bool kept = false;
    *ret = (struct apt_changes){0};
    while (apt_line(&output, &line, &size)) {
        struct apt_change change;
        if (apt_begins(line, size, "  ") && kept) {
            add_names(&ret->kept, line, size);
            continue;
        }
        kept = apt_begins(line, size, "The following packages have been kept back:");
        if (apt_begins(line, size, "Inst ") && parse_inst(&change, line, size)) {
            ret->list = apt_grow(ret->list, ret->count, &ret->capacity, sizeof(*ret->list));
            ret->list[ret->count++] = change;
        } else if (apt_begins(line, size, "Remv ")) {
            const char *name = line + strlen("Remv ");
            apt_words_add(&ret->removed, name, strcspn(name, " \n"));
        }
    }
}

void apt_changes_done(struct apt_changes *changes)
{
    for (uint32_t i = 0; i < changes->count; i++) {
        free(changes->list[i].name);
        free(changes->list[i].old);
        free(changes->list[i].version);
        free(changes->list[i].origins);
    }
    free(changes->list);
    apt_words_done(&changes->removed);
    apt_words_done(&changes->kept);
    *changes = (struct apt_changes){0};
}

/* ---- apt-get --print-uris, apt-cache madison ---- */

/* Is FILE of this package: NAME_VERSION_ARCH.deb, the version without its epoch or with %3a? */
static bool is_file_of(const char *file, size_t size, const char *name, const char *version)
{
    size_t plain = strcspn(name, ":"), at = 0;
    if (size <= plain || memcmp(file, name, plain) != 0 || file[plain] != '_') {
        return false;
    }
    file += plain + 1;
    size -= plain + 1;
    const char *colon = strchr(version, ':');
    for (const char *v = version; *v != '\0'; v++) {
        bool escaped = *v == ':' && at + 3 <= size && memcmp(file + at, "%3a", 3) == 0;
        if (!escaped && (at >= size || file[at] != *v)) {
            return colon != NULL && is_file_of(file - plain - 1, size + plain + 1, name, colon + 1);
        }
        at += escaped ? 3 : 1;
    }
    return at < size && file[at] == '_';
}

void apt_parse_uris(const char *output, struct apt_changes *changes, struct apt_words *ret)
{
    const char *line;
    size_t size;
    while (apt_line(&output, &line, &size)) {
        const char *end = size > 0 && *line == '\'' ? memchr(line + 1, '\'', size - 1) : NULL;
        if (end == NULL || end + 2 > line + size || apt_begins(line, size, "'file:")) {
            continue; /* file: is on this machine as it is */
        }
        const char *file = end + 2;
        size_t width = strcspn(file, " \n");
        uint64_t bytes = strtoull(file + width, NULL, 10);
        bool known = false;
        for (uint32_t i = 0; changes != NULL && i < changes->count; i++) {
            struct apt_change *change = &changes->list[i];
            if (is_file_of(file, width, change->name, change->version)) {
                change->size = bytes;
                apt_words_say(ret, "%s=%s", change->name, change->version);
                known = true;
            }
        }
        if (!known) {
            apt_words_add(ret, file, width);
        }
    }
}

bool apt_parse_madison(const char *output, const char *name, const char *version)
{
    const char *line;
    size_t size, plain = strcspn(name, ":");
    while (apt_line(&output, &line, &size)) {
        /* "  tb-app |  2.0 | copy:/srv/repo/main ./ Packages" */
        size_t at = strspn(line, " "), width = strcspn(line + at, " |\n");
        if (width != plain || memcmp(line + at, name, plain) != 0) {
            continue;
        }
        at += width;
        at += strspn(line + at, " |");
        width = strcspn(line + at, " |\n");
        if (width == strlen(version) && memcmp(line + at, version, width) == 0) {
            return true;
        }
    }
    return false;
}

/* ---- names, origins ---- */

bool apt_origin_is_security(const char *origins)
{
    while (*origins != '\0') {
        origins += strspn(origins, ", ");
        size_t size = strcspn(origins, ",");
        static const char end[] = "-security";
        size_t tail = sizeof(end) - 1;
        if (apt_begins(origins, size, "Debian-Security:") ||
            (size >= tail && memcmp(origins + size - tail, end, tail) == 0)) {
            return true;
        }
        origins += size;
    }
    return false;
}

static bool fits_one(const char *const *patterns, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (fnmatch(patterns[i], name, 0) == 0) {
            return true;
        }
    }
    return false;
}

bool apt_name_wants_restart(const char *name)
{
    static const char *const patterns[] = {
        "linux-image-*",
        "linux-modules-*",
        "intel-microcode",
        "amd64-microcode",
        "libc6",
        "systemd",
        "dbus",
        "dbus-daemon",
    };
    return fits_one(patterns, sizeof(patterns) / sizeof(patterns[0]), name);
}

/* Bytes of "UPSTREAM" in "EPOCH:UPSTREAM-REVISION", and where it begins. */
static size_t upstream(const char *version, const char **ret)
{
    const char *colon = strchr(version, ':');
    *ret = colon == NULL ? version : colon + 1;
    const char *dash = strrchr(*ret, '-');
    return dash == NULL ? strlen(*ret) : (size_t)(dash - *ret);
}

bool apt_changes_feature_set(const char *name, const char *old, const char *version)
{
    static const char *const patterns[] = {
        "pacemaker",      "pacemaker-*",
        "libcib*",        "libcrm*",
        "libpacemaker*",  "libpe-*",
        "libstonithd*",   "liblrmd*",
        "corosync",       "libcpg*",
        "libcmap*",       "libquorum*",
        "libvotequorum*", "libcorosync-common*",
        "libknet*",
    };
    const char *before, *after;
    size_t before_size = upstream(old, &before), after_size = upstream(version, &after);
    return *old != '\0' && fits_one(patterns, sizeof(patterns) / sizeof(patterns[0]), name) &&
           (before_size != after_size || memcmp(before, after, before_size) != 0);
}

bool apt_id_scan(const char *id, char **ret_name, char **ret_version)
{
    static const char name_bytes[] = "abcdefghijklmnopqrstuvwxyz0123456789+.-:";
    static const char version_bytes[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.+:~-";
    size_t name = strspn(id, name_bytes);
    const char *version = id + name + 1;
    bool good = name > 0 && id[name] == '=' && strchr("+.-:", id[0]) == NULL;
    size_t size = good ? strspn(version, version_bytes) : 0;
    /* apt takes a minus at the end as "remove it" */
    good = good && size > 0 && version[size] == '\0' && version[size - 1] != '-' &&
           version[0] >= '0' && version[0] <= '9';
    if (good) {
        *ret_name = apt_copy(id, name);
        *ret_version = apt_copy(version, size);
    }
    return good;
}
