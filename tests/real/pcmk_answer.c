/* Taking apart what operate.sh prints, and the texts that go to it: see pcmk_view.h. */
#include "tests/real/pcmk_view.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool add_update(struct pcmk_answer *answer, const char *line)
{
    static const char *const outcomes[] = {"offered", "succeeded", "failed", "canceled"};
    char name[128], outcome[16];
    int restart = 0, error = 0;
    if (sscanf(line, "update %127s %15s %d %d", name, outcome, &restart, &error) != 4) {
        return true; /* not an update */
    }
    struct cau_update *longer =
        realloc(answer->updates, (answer->update_count + 1) * sizeof *longer);
    if (longer == NULL) {
        return false;
    }
    answer->updates = longer;
    struct cau_update *update = &longer[answer->update_count++];
    *update = (struct cau_update){.id = pcmk_update_id(name, strlen(name)),
                                  .outcome = CAU_UPDATE_FAILED,
                                  .restart_required = restart != 0,
                                  .error = error};
    for (uint8_t i = 0; i < sizeof outcomes / sizeof outcomes[0]; i++) {
        update->outcome = strcmp(outcome, outcomes[i]) == 0 ? i : update->outcome;
    }
    return true;
}

static void read_code(struct pcmk_answer *answer, const char *line)
{
    static const char *const codes[CAU_RC_KINDS] = {[CAU_RC_OK] = "OK",
                                                    [CAU_RC_FAILED] = "FAILED",
                                                    [CAU_RC_REFUSED] = "REFUSED",
                                                    [CAU_RC_NO_QUORUM] = "NO_QUORUM",
                                                    [CAU_RC_STALE] = "STALE",
                                                    [CAU_RC_DEGRADED] = "DEGRADED",
                                                    [CAU_RC_CANCELED] = "CANCELED",
                                                    [CAU_RC_UNKNOWN] = "UNKNOWN"};
    char code[16];
    int error = 0;
    if (sscanf(line, "= %15s %d", code, &error) < 1) {
        return;
    }
    for (uint8_t i = 0; i < CAU_RC_KINDS; i++) {
        if (strcmp(code, codes[i]) == 0) {
            answer->code = i;
            answer->error = error;
        }
    }
}

static int base64_digit(char c)
{
    const char *all = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c == '\0' ? NULL : strchr(all, c);
    return at == NULL ? -1 : (int)(at - all);
}

static bool unbase64(struct pcmk_answer *answer, const char *text)
{
    uint8_t *bytes = malloc(strlen(text) / 4 * 3 + 3);
    if (bytes == NULL) {
        return false;
    }
    size_t size = 0;
    uint32_t bits = 0, held = 0;
    for (; base64_digit(*text) >= 0; text++) {
        bits = bits << 6 | (uint32_t)base64_digit(*text);
        held += 6;
        if (held >= 8) {
            held -= 8;
            bytes[size++] = (uint8_t)(bits >> held);
        }
    }
    answer->progress = bytes;
    answer->progress_size = size;
    return true;
}

static bool read_lock(struct pcmk_answer *answer, const char *text)
{
    const char *from = strstr(text, "<crm_config"), *to = strstr(text, "\n= ");
    if (from == NULL || to == NULL || to < from) {
        return true;
    }
    char *xml = strndup(from, (size_t)(to - from));
    char *value = pcmk_config_value(xml, "caucus-lock");
    char *progress = pcmk_config_value(xml, "caucus-progress");
    bool enough = xml != NULL;
    if (value != NULL && pcmk_lock_scan(value, &answer->lock) && progress != NULL) {
        enough = unbase64(answer, progress);
    }
    free(value);
    free(progress);
    free(xml);
    return enough;
}

int pcmk_answer_read(struct pcmk_answer *ret, const char *text)
{
    *ret = (struct pcmk_answer){.code = CAU_RC_UNKNOWN};
    bool enough = read_lock(ret, text);
    for (const char *line = text; enough && *line != '\0';
         line += strcspn(line, "\n"), line += *line == '\n') {
        enough = add_update(ret, line);
        read_code(ret, line);
    }
    return enough ? 0 : -ENOMEM;
}

void pcmk_answer_done(struct pcmk_answer *answer)
{
    free(answer->updates);
    free(answer->progress);
    *answer = (struct pcmk_answer){0};
}

/* ---- small texts ---- */

void pcmk_lock_print(const struct cau_lock *lock, char ret[PCMK_LOCK_TEXT])
{
    snprintf(ret, PCMK_LOCK_TEXT,
             "%016" PRIx64 "%016" PRIx64 ":%016" PRIx64 ":%016" PRIx64 "%016" PRIx64 ":%016" PRIx64
             ":%x",
             lock->owner.hi, lock->owner.lo, lock->epoch, lock->run.hi, lock->run.lo,
             (uint64_t)lock->stamp, lock->phase);
}

bool pcmk_lock_scan(const char *text, struct cau_lock *ret)
{
    struct cau_lock lock = {0};
    uint64_t stamp;
    unsigned phase;
    if (sscanf(text,
               "%16" SCNx64 "%16" SCNx64 ":%16" SCNx64 ":%16" SCNx64 "%16" SCNx64 ":%16" SCNx64
               ":%x",
               &lock.owner.hi, &lock.owner.lo, &lock.epoch, &lock.run.hi, &lock.run.lo, &stamp,
               &phase) != 7) {
        return false;
    }
    lock.stamp = (cau_msec)stamp;
    lock.phase = (uint8_t)phase;
    *ret = lock;
    return true;
}

char *pcmk_base64(const void *data, size_t size)
{
    const char *all = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *bytes = data;
    char *text = malloc((size + 2) / 3 * 4 + 1), *to = text;
    for (size_t i = 0; text != NULL && i < size; i += 3) {
        uint32_t bits = (uint32_t)bytes[i] << 16;
        bits |= i + 1 < size ? (uint32_t)bytes[i + 1] << 8 : 0;
        bits |= i + 2 < size ? (uint32_t)bytes[i + 2] : 0;
        *to++ = all[bits >> 18];
        *to++ = all[bits >> 12 & 63];
        *to++ = i + 1 < size ? all[bits >> 6 & 63] : '=';
        *to++ = i + 2 < size ? all[bits & 63] : '=';
    }
    if (text != NULL) {
        *to = '\0';
    }
    return text;
}

/* FNV-1a: the same in every process, so that a successor's scan finds the same update. */
uint64_t pcmk_update_id(const char *name, size_t size)
{
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < size; i++) {
        hash = (hash ^ (uint8_t)name[i]) * 1099511628211u;
    }
    return hash == 0 ? 1 : hash;
}
