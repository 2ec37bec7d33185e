/* What a job says: whole lines into its pipe. Nobody may be there to hear it, and that is no
 * failure: the work goes on. */
#include "real-backend/node/say.h"
#include "real-backend/node/job.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void node_say(int out, const struct wire_said *said)
{
    struct cau_text text;
    cau_text_init(&text);
    wire_write_said(&text, said);
    for (size_t at = 0; !text.failed && at < text.size;) {
        ssize_t written = write(out, text.data + at, text.size - at);
        if (written < 0 && errno != EINTR) {
            break;
        }
        at += written < 0 ? 0 : (size_t)written;
    }
    cau_text_done(&text);
}

void node_say_update(struct node_job *job, const struct wire_update *update)
{
    struct wire_said said = {.kind = WIRE_UPDATE, .n = job->request->n, .update = *update};
    node_say(job->out, &said);
}

void node_say_note(struct node_job *job, const char *name, const char *text)
{
    struct wire_said said = {
        .kind = WIRE_NOTE, .n = job->request->n, .name = name, .text = wire_text(text)};
    node_say(job->out, &said);
}

/* A job that was asked to end early and failed has been canceled; UNKNOWN stays what it is. */
static uint8_t code_of(enum cau_result_code code)
{
    return (uint8_t)(code == CAU_RC_FAILED && node_canceled() ? CAU_RC_CANCELED : code);
}

/* What comes after an END may begin at once, so the node is free before it is said. */
static void end(struct node_job *job, struct wire_said *said)
{
    said->kind = WIRE_END;
    said->n = job->request->n;
    node_busy_end();
    node_say(job->out, said);
}

void node_say_unfit(struct node_job *job, enum cau_reason why, int32_t error, const char *sentence)
{
    struct wire_said said = {.code = code_of(CAU_RC_FAILED),
                             .why = (uint8_t)why,
                             .error = error,
                             .text = wire_text(sentence)};
    end(job, &said);
}

void node_say_end(struct node_job *job, enum cau_result_code code, int32_t error,
                  const char *format, ...)
{
    char *sentence = NULL;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&sentence, format, arguments) < 0) {
        sentence = NULL;
    }
    va_end(arguments);
    struct wire_said said = {.code = code_of(code), .error = error, .text = wire_text(sentence)};
    end(job, &said);
    free(sentence);
}

void node_say_lock(struct node_job *job, enum cau_result_code code, const char *lock,
                   const char *progress, const char *sentence)
{
    struct wire_said said = {.kind = WIRE_END,
                             .n = job->request->n,
                             .code = (uint8_t)code,
                             .text = sentence,
                             .lock = wire_text(lock),
                             .progress = wire_text(progress)};
    node_say(job->out, &said);
}
