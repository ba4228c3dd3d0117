/* Rows x columns -> which panes, where. What is given up first as space shrinks is decided here
 * and nowhere else. Pure. */
#ifndef POSTROOM_UI_LAYOUT_H
#define POSTROOM_UI_LAYOUT_H

#include "ui/pane.h"

#define LAYOUT_PANES 16
#define WHOLE_ID_COLS 120 /* from here on ids are drawn whole */

struct placement {
    const struct pane *pane;
    struct rect area;
};

struct layout {
    int count;
    struct placement panes[LAYOUT_PANES];
};

void layout_make(const struct scene *scene, int rows, int cols, struct layout *out);

/* The area of a pane; NULL where it is not shown. */
const struct rect *layout_find(const struct layout *l, const struct pane *pane);

/* Do the events have a title row in an area of this size? */
bool events_titled(int rows, int cols);

/* How many events are shown; 0: none. */
int layout_events_rows(const struct scene *scene, int rows, int cols);

/* How many rows of the queue are shown; 0: none. */
int layout_queue_rows(const struct scene *scene, int rows, int cols);

/* Below this a dialog cannot be read: such keys answer "too small to ask". */
#define ASK_MIN_ROWS 8
#define ASK_MIN_COLS 40

#endif
