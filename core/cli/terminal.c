#include "core/cli/terminal.h"

#include "core/shell/text.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define PATIENCE_MS 20 /* for a terminal that takes nothing; then the frame is given up */

bool cau_terminal_open(struct cau_terminal *terminal, int fd)
{
    char path[64];
    const char *type = getenv("TERM");
    *terminal = (struct cau_terminal){.fd = -1};
    if (type == NULL || *type == '\0' || strcmp(type, "dumb") == 0 || !isatty(fd) ||
        ttyname_r(fd, path, sizeof path) != 0) {
        return false;
    }
    terminal->fd = open(path, O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    return terminal->fd >= 0;
}

bool cau_terminal_colour(void)
{
    const char *no = getenv("NO_COLOR");
    return no == NULL || *no == '\0';
}

void cau_terminal_room(struct cau_terminal *terminal, uint32_t *ret_width, uint32_t *ret_height)
{
    struct winsize size = {0};
    ioctl(terminal->fd, TIOCGWINSZ, &size);
    uint32_t width = size.ws_col > 1 ? size.ws_col : 80;
    uint32_t height = size.ws_row > 1 ? size.ws_row : 24;
    bool changed = width != terminal->width || height != terminal->height;
    terminal->torn |= terminal->lines > 0 && changed;
    terminal->width = width;
    terminal->height = height;
    *ret_width = width - 1; /* some wrap as soon as the last column is written */
    *ret_height = height - 1;
}

/* Returns whether all was written. */
static bool write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t done = write(fd, data, size);
        struct pollfd poller = {.fd = fd, .events = POLLOUT};
        if (done > 0) {
            data += done;
            size -= (size_t)done;
        } else if (done == 0 || (errno != EAGAIN && errno != EINTR) ||
                   poll(&poller, 1, PATIENCE_MS) <= 0) {
            return false;
        }
    }
    return true;
}

void cau_terminal_close(struct cau_terminal *terminal)
{
    if (terminal->fd >= 0) {
        write_all(terminal->fd, "\n", terminal->lines > 0);
        close(terminal->fd);
    }
    terminal->fd = -1;
}

/* To where the view begins. */
static void go_back(const struct cau_terminal *terminal, struct cau_text *frame)
{
    if (terminal->torn) {
        cau_text_say(frame, "\033[H\033[2J");
    } else if (terminal->lines > 0) {
        cau_text_printf(frame, "\r\033[%uA", terminal->lines);
    }
}

static void send(struct cau_terminal *terminal, struct cau_text *frame, uint32_t lines)
{
    terminal->torn = frame->failed || !write_all(terminal->fd, frame->data, frame->size);
    terminal->lines = lines;
    cau_text_done(frame);
}

void cau_terminal_show(struct cau_terminal *terminal, const char *text, size_t size)
{
    struct cau_text frame;
    uint32_t lines = 0;
    cau_text_init(&frame);
    go_back(terminal, &frame);
    for (const char *last = text + size; text < last; lines++) {
        const char *end = memchr(text, '\n', (size_t)(last - text));
        end = end != NULL ? end : last;
        cau_text_add(&frame, text, (size_t)(end - text));
        cau_text_say(&frame, "\033[K\n"); /* what an older line had more is erased */
        text = end + 1;
    }
    cau_text_say(&frame, "\033[J");
    send(terminal, &frame, lines);
}

void cau_terminal_clear(struct cau_terminal *terminal)
{
    struct cau_text frame;
    if (terminal->lines == 0) {
        return;
    }
    cau_text_init(&frame);
    go_back(terminal, &frame);
    cau_text_say(&frame, "\033[J");
    send(terminal, &frame, 0);
}

void cau_terminal_leave(struct cau_terminal *terminal)
{
    terminal->lines = 0;
}
