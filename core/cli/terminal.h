/* A view on a terminal: a few lines that are drawn again and again in the same place, below what
 * was said before and above what is said after.
 *
 * Plain ECMA-48: cursor up, erase. The cursor is never hidden and always stands below the view
 * when nothing is being written, so that nothing has to be put back, however the process ends. The
 * terminal is opened a second time, not blocking: one that is stopped (Ctrl-S) or whose line is
 * slow loses frames and never stops a run. The size is asked for with each frame; after a change
 * the terminal has wrapped the old lines in its own way, so the view begins anew on an empty one.
 */
#ifndef CAU_TERMINAL_H
#define CAU_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cau_terminal {
    int fd;                 /* -1: none */
    uint32_t lines;         /* of the view that is there */
    uint32_t width, height; /* columns and lines of it all, as they were last */
    bool torn;              /* the last frame was not written whole, or the size has changed */
};

/* Opens the terminal that `fd` is. False: it is none, or is one that can do nothing (TERM is dumb
 * or not set). */
bool cau_terminal_open(struct cau_terminal *terminal, int fd);

/* The view stays, an empty line below it. */
void cau_terminal_close(struct cau_terminal *terminal);

/* Is colour wanted? NO_COLOR says no. */
bool cau_terminal_colour(void);

/* What a view may take, so that no line wraps and nothing scrolls away. */
void cau_terminal_room(struct cau_terminal *terminal, uint32_t *ret_width, uint32_t *ret_height);

/* Shows the lines in place of those shown last; at most cau_terminal_room just said. */
void cau_terminal_show(struct cau_terminal *terminal, const char *text, size_t size);

/* Takes the view away, because something else will be said; the next one comes below that. */
void cau_terminal_clear(struct cau_terminal *terminal);

/* Lets the view stand as it is: something was said below it. */
void cau_terminal_leave(struct cau_terminal *terminal);

#endif
