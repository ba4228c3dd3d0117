/* Rows x columns -> panes. The full screen needs 80x18; below it the same facts in fewer words.
 *
 * Given up as rows shrink: operators, workers, `cancelled`, further errors, events. Graphs need
 * width, not rows. */
#include "ui/layout.h"

#define FULL_ROWS 18
#define FULL_COLS 80
#define BRIEF_ROWS 4
#define BRIEF_COLS 30
#define GRAPH_COL 80
#define GRAPH_MIN_COLS 34 /* a separator, its margin and 30 minutes */
#define LANE_COL 46
#define BASE_ROWS 24
#define MOST_WORKERS 4
#define MOST_OPERATORS 3

static void add(struct layout *l, const struct pane *pane, int row, int col, int rows, int cols) {
    if (rows > 0 && cols > 0 && l->count < LAYOUT_PANES)
        l->panes[l->count++] = (struct placement){pane, {row, col, rows, cols}};
}

/* Stacks a pane of the full width on what stands so far. */
static void stack(struct layout *l, const struct pane *pane, int *row, int rows, int cols) {
    add(l, pane, *row, 0, rows, cols);
    *row += rows > 0 ? rows : 0;
}

static int least(int a, int b) {
    return a < b ? a : b;
}

/* How many rows each list has; titles not counted. */
struct heights {
    int queue, errors, workers, operators, events;
};

/* Takes `wanted` rows from what is left, all or nothing. */
static int take(int *left, int wanted, int rows) {
    if (rows == 0 || *left < wanted)
        return 0;
    *left -= wanted;
    return rows;
}

static struct heights share_rows(const struct snapshot *s, int rows) {
    struct heights h = {.queue = 7, .errors = 3, .events = 5};
    int left = rows - BASE_ROWS;
    for (; left < 0 && h.errors > 1; left++)
        h.errors--;
    for (; left < 0 && h.events > 1; left++)
        h.events--;
    int workers = least(s->worker_count, MOST_WORKERS);
    int operators = least(s->operator_count, MOST_OPERATORS);
    h.queue += take(&left, 1, 1);
    h.errors += take(&left, 2, 2);
    h.workers = take(&left, 1 + workers, workers);
    if (h.workers == workers) /* operators are given up first */
        h.operators = take(&left, 1 + operators, operators);
    h.events += left > 0 ? left : 0;
    return h;
}

static void layout_full(const struct scene *scene, int rows, int cols, struct layout *l) {
    struct heights h = share_rows(scene->lists.s, rows);
    int row = 0;
    stack(l, &pane_header, &row, 1, cols);
    stack(l, &pane_state, &row, 3, cols);
    add(l, &pane_queue, row, 0, 1 + h.queue, LANE_COL);
    add(l, &pane_lane, row, LANE_COL, 1 + h.queue, least(cols, GRAPH_COL) - LANE_COL);
    if (cols - GRAPH_COL >= GRAPH_MIN_COLS)
        add(l, &pane_graphs, row, GRAPH_COL, 1 + h.queue, cols - GRAPH_COL);
    row += 1 + h.queue;
    stack(l, &pane_errors, &row, 1 + h.errors, cols);
    stack(l, &pane_workers, &row, h.workers > 0 ? 1 + h.workers : 0, cols);
    stack(l, &pane_operators, &row, h.operators > 0 ? 1 + h.operators : 0, cols);
    stack(l, &pane_events, &row, 1 + h.events, cols);
    stack(l, &pane_answer, &row, 1, cols);
    stack(l, &pane_footer, &row, 1, cols);
}

/* 40x10 and its neighbours: six rows of facts, events, footer; with more rows also what to do,
 * answers and errors, with fewer first no limits, then fewer events, then no footer, no why. */
static void layout_brief(int rows, int cols, struct layout *l) {
    int facts = rows >= 12 ? 7 : rows >= 10 ? 6 : rows >= 5 ? 5 : 4;
    int answer = rows >= 12, footer = rows >= 6, errors = rows >= 16 ? 4 : 0;
    int row = 0;
    stack(l, &pane_brief, &row, facts, cols);
    stack(l, &pane_errors, &row, errors, cols);
    stack(l, &pane_events, &row, rows - row - answer - footer, cols);
    stack(l, &pane_answer, &row, answer, cols);
    stack(l, &pane_footer, &row, footer, cols);
}

static void layout_main(const struct scene *scene, int rows, int cols, struct layout *l) {
    if (rows >= FULL_ROWS && cols >= FULL_COLS)
        layout_full(scene, rows, cols, l);
    else if (rows >= BRIEF_ROWS && cols >= BRIEF_COLS)
        layout_brief(rows, cols, l);
    else
        add(l, &pane_tiny, 0, 0, rows, cols);
}

/* The other views keep the first row and the last two where there is room; what has only three
 * rows shows its list alone. Returns the area between. */
static struct rect frame(int rows, int cols, struct layout *l) {
    int header = rows >= 8, answer = rows >= 6, footer = rows >= 4;
    add(l, &pane_header, 0, 0, header, cols);
    add(l, &pane_answer, rows - 1 - answer, 0, answer, cols);
    add(l, &pane_footer, rows - 1, 0, footer, cols);
    return (struct rect){header, 0, rows - header - answer - footer, cols};
}

static void layout_one(const struct pane *pane, int rows, int cols, struct layout *l) {
    struct rect area = frame(rows, cols, l);
    add(l, pane, area.row, area.col, area.rows, area.cols);
}

static void layout_workers(const struct scene *scene, int rows, int cols, struct layout *l) {
    struct rect area = frame(rows, cols, l);
    int lanes = least(scene->lists.s->lane_count, area.rows / 3);
    int workers = least(scene->lists.s->worker_count, area.rows - 2 - lanes);
    add(l, &pane_workers, area.row, 0, 1 + workers, cols);
    if (area.rows - 1 - workers > 1)
        add(l, &pane_lanes, area.row + 1 + workers, 0, 1 + lanes, cols);
}

void layout_make(const struct scene *scene, int rows, int cols, struct layout *out) {
    *out = (struct layout){0};
    bool tiny = rows < 3 || cols < BRIEF_COLS;
    switch (tiny && scene->places.view != VIEW_HELP ? VIEW_MAIN : scene->places.view) {
    case VIEW_LIST:
        layout_one(&pane_list, rows, cols, out);
        break;
    case VIEW_MESSAGE:
        layout_one(&pane_message, rows, cols, out);
        break;
    case VIEW_JOURNAL:
        layout_one(&pane_journal, rows, cols, out);
        break;
    case VIEW_WORKERS:
        layout_workers(scene, rows, cols, out);
        break;
    case VIEW_HELP:
        add(out, &pane_help, 0, 0, rows, cols);
        break;
    default:
        layout_main(scene, rows, cols, out);
        break;
    }
}

const struct rect *layout_find(const struct layout *l, const struct pane *pane) {
    for (int i = 0; i < l->count; i++)
        if (l->panes[i].pane == pane)
            return &l->panes[i].area;
    return NULL;
}

int layout_events_rows(const struct scene *scene, int rows, int cols) {
    struct layout l;
    layout_make(scene, rows, cols, &l);
    const struct rect *area = layout_find(&l, &pane_events);
    return area == NULL ? 0 : area->rows - events_titled(area->rows, area->cols);
}

int layout_queue_rows(const struct scene *scene, int rows, int cols) {
    struct layout l;
    layout_make(scene, rows, cols, &l);
    const struct rect *area = layout_find(&l, &pane_queue);
    return area == NULL ? 0 : area->rows - 1;
}
