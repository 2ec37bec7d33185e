/* `--step` on a terminal: when the run pauses after a node, whoever sits there is asked.
 *
 * The answer is waited for by a thread of its own, since heartbeats must go on meanwhile; it tells
 * the backend by the call that signal handlers use, as a request of the operator at this machine.
 */
#include "real-backend/run/drive.h"

#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static struct real_backend *asks; /* under the guard; NULL: the run is over */
static bool waiting;              /* likewise: a thread waits for an answer */

static void *wait_for_answer(void *unused)
{
    char line[64] = "";
    bool heard = fgets(line, sizeof line, stdin) != NULL; /* its end is no answer */
    pthread_mutex_lock(&guard);
    waiting = false;
    if (heard && asks != NULL) {
        bool stop = line[0] == 'n' || line[0] == 'N';
        real_backend_ask(asks, stop ? CAU_REQUEST_STOP : CAU_REQUEST_RESUME);
    }
    pthread_mutex_unlock(&guard);
    return unused;
}

static bool ask(struct real_backend *backend)
{
    pthread_t thread;
    if (tcgetpgrp(STDIN_FILENO) != getpgrp()) { /* no terminal, or one that is another's now */
        return false;
    }
    pthread_mutex_lock(&guard);
    asks = backend;
    bool there = waiting || pthread_create(&thread, NULL, wait_for_answer, NULL) == 0;
    if (there && !waiting) {
        pthread_detach(thread);
    }
    waiting = there;
    pthread_mutex_unlock(&guard);
    return there;
}

void run_step(struct run *run, const struct cau_status_run *status)
{
    bool paused = run->plan.policy.step && status->state == CAU_RUN_PAUSED;
    if (paused && !run->step_said) {
        run_say(run->request, "paused after a node; `caucus continue` goes on, `caucus stop` ends "
                              "the run");
        if (ask(run->backend)) {
            fputs("Go on with the next node? [Y/n] ", stderr);
        }
    }
    run->step_said = paused;
}

void run_step_done(void)
{
    pthread_mutex_lock(&guard);
    asks = NULL;
    pthread_mutex_unlock(&guard);
}
