/* How far the views can scroll: shared by what draws them and what moves in them. */
#ifndef POSTROOM_UI_VIEWS_H
#define POSTROOM_UI_VIEWS_H

#include "ui/letter.h"
#include "ui/pane.h"

int list_rows(const struct scene *scene, int rows, int cols); /* lines in an area of this size */
int list_top(const struct scene *scene, int rows);    /* the first line shown in so many rows */
int journal_top(const struct scene *scene, int rows); /* rows: of the area, with its title */
int message_steps(const struct letter *l);            /* lines of its history */
int message_mail_rows(const struct letter *l, int rows);
int message_step_rows(const struct letter *l, int rows);

#endif
