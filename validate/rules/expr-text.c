/*
 * Conditions as text for people
 *
 * SPDX-License-Identifier: GPL-2.0-or-later
 */
#include <string.h>

#include "rules/expr.h"

#define DEPTH_MAX  2

/* What binds tighter has the larger number. */
enum {
    BIND_IF = 1,        /* and "each ...: condition", up to the end */
    BIND_OR,
    BIND_AND,
    BIND_NOT,
    BIND_COMPARE,
    BIND_ADD,
    BIND_MUL,
    BIND_ATOM,
};

/* The records of the lists around an expression, outermost first. */
typedef struct Around {
    LpmRecord records[DEPTH_MAX];
    guint depth;
} Around;

static void put(GString *text, const LpmExpr *expr, const Around *around,
                int least);

static int binds(const LpmExpr *expr)
{
    switch (expr->op) {
    case LPM_OP_IF:
    case LPM_OP_EACH:
    case LPM_OP_SOME:
        return BIND_IF;
    case LPM_OP_OR:
        return BIND_OR;
    case LPM_OP_AND:
        return BIND_AND;
    case LPM_OP_NOT:
        return BIND_NOT;
    case LPM_OP_ADD:
    case LPM_OP_SUB:
        return BIND_ADD;
    case LPM_OP_MUL:
    case LPM_OP_DIV:
        return BIND_MUL;
    case LPM_OP_IS:
    case LPM_OP_FACT:
    case LPM_OP_NUMBER:
    case LPM_OP_TEXT:
    case LPM_OP_VERSION:
    case LPM_OP_CALL:
        return BIND_ATOM;
    case LPM_OP_COUNT:
    case LPM_OP_LENGTH:
    case LPM_OP_SUM:
    case LPM_OP_MOST:
        /* words up to the end of an operand: "number of ..." */
        return BIND_ADD;
    default:
        return BIND_COMPARE;
    }
}

/* "adapter", or "other adapter" within a list of adapters. */
static void put_element(GString *text, const Around *around, guint depth)
{
    if (depth == 2 && around->records[0] == around->records[1]) {
        g_string_append(text, "other ");
    }
    g_string_append(text, lpm_record_info(around->records[depth - 1])->name);
}

static void put_fact(GString *text, const LpmExpr *fact,
                     const Around *around)
{
    const LpmFieldInfo *info = lpm_field_info(fact->field);
    guint up = fact->anchor == LPM_AT_UP ? 1 : 0;

    if (fact->anchor != LPM_AT_IT && fact->anchor != LPM_AT_UP) {
        g_string_append(text, lpm_anchor_name(fact->anchor));
    } else if (around->depth > up) {
        put_element(text, around, around->depth - up);
    } else {
        g_string_append(text, lpm_record_info(info->record)->name);
    }
    g_string_append_printf(text, ".%s", info->name);
}

static void put_number(GString *text, gint64 thousandths)
{
    g_string_append_printf(text, "%" G_GINT64_FORMAT, thousandths / 1000);
    if (thousandths % 1000 != 0) {
        g_string_append_printf(text, ".%03d", (int)(thousandths % 1000));
        while (text->str[text->len - 1] == '0') {
            g_string_truncate(text, text->len - 1);
        }
    }
}

static void put_text(GString *text, const char *value)
{
    const char *quote = value[0] == '\0' || strchr(value, ' ') != NULL ?
                        "\"" : "";

    g_string_append_printf(text, "%s%s%s", quote, value, quote);
}

static void put_words(GString *text, const char *verb, const char *words)
{
    g_auto(GStrv) list = g_strsplit(words, " ", -1);
    g_autofree char *joined = g_strjoinv(", ", list);

    g_string_append_printf(text, " %s one of (%s)", verb, joined);
}

/* "each disk of partition.disks: ...", and what folds a list alike. */
static void put_list(GString *text, const LpmExpr *expr,
                     const Around *around)
{
    Around inner = *around;
    const char *begin = "each ";
    const char *middle = ": ";

    g_assert(around->depth < DEPTH_MAX);
    inner.records[inner.depth++] = lpm_field_info(expr->args[0]->field)->sub;
    switch (expr->op) {
    case LPM_OP_SOME:
        begin = "some ";
        break;
    case LPM_OP_COUNT:
        begin = "number of each ";
        middle = " with ";
        break;
    case LPM_OP_SUM:
        begin = "sum over each ";
        middle = " of ";
        break;
    case LPM_OP_MOST:
        begin = "largest over each ";
        middle = " of ";
        break;
    default:
        break;
    }
    g_string_append(text, begin);
    put_element(text, &inner, inner.depth);
    g_string_append(text, " in ");
    put_fact(text, expr->args[0], around);
    g_string_append(text, middle);
    put(text, expr->args[1], &inner, expr->op == LPM_OP_EACH ||
        expr->op == LPM_OP_SOME ? BIND_IF : BIND_ATOM);
}

static void put_infix(GString *text, const LpmExpr *expr,
                      const Around *around, const char *sign, int left,
                      int right)
{
    put(text, expr->args[0], around, left);
    for (gsize i = 1; expr->args[i] != NULL; i++) {
        g_string_append(text, sign);
        put(text, expr->args[i], around, right);
    }
}

static const char *sign_of(LpmOp op)
{
    switch (op) {
    case LPM_OP_EQ:
        return " = ";
    case LPM_OP_NE:
        return " != ";
    case LPM_OP_LT:
        return " < ";
    case LPM_OP_LE:
        return " <= ";
    case LPM_OP_GT:
        return " > ";
    case LPM_OP_GE:
        return " >= ";
    case LPM_OP_HAS:
        return " has ";
    case LPM_OP_SUBSET:
        return " all among ";
    case LPM_OP_DISJOINT:
        return " none among ";
    case LPM_OP_ADD:
        return " + ";
    case LPM_OP_SUB:
        return " - ";
    case LPM_OP_MUL:
        return " * ";
    case LPM_OP_DIV:
        return " / ";
    default:
        g_assert_not_reached();
    }
}

static void put_plain(GString *text, const LpmExpr *expr,
                      const Around *around)
{
    int bind = binds(expr);

    switch (expr->op) {
    case LPM_OP_FACT:
        put_fact(text, expr, around);
        break;
    case LPM_OP_NUMBER:
        put_number(text, expr->number);
        break;
    case LPM_OP_TEXT:
    case LPM_OP_VERSION:
        put_text(text, expr->text);
        break;
    case LPM_OP_CALL:
        g_string_append(text, expr->text);
        break;
    case LPM_OP_IS:
        put(text, expr->args[0], around, BIND_ATOM);
        break;
    case LPM_OP_KNOWN:
        put(text, expr->args[0], around, BIND_ATOM);
        g_string_append(text, " is known");
        break;
    case LPM_OP_GIVEN:
        put(text, expr->args[0], around, BIND_ATOM);
        g_string_append(text, " is given");
        break;
    case LPM_OP_EMPTY:
        put(text, expr->args[0], around, BIND_ATOM);
        g_string_append(text, " is empty");
        break;
    case LPM_OP_IN:
        put(text, expr->args[0], around, BIND_ATOM);
        put_words(text, "is", expr->text);
        break;
    case LPM_OP_PREFIX:
        put(text, expr->args[0], around, BIND_ATOM);
        put_words(text, "begins with", expr->text);
        break;
    case LPM_OP_NOT:
        g_string_append(text, "not ");
        put(text, expr->args[0], around, BIND_ATOM);
        break;
    case LPM_OP_AND:
        put_infix(text, expr, around, " and ", bind, bind);
        break;
    case LPM_OP_OR:
        put_infix(text, expr, around, " or ", bind, bind);
        break;
    case LPM_OP_IF:
        put_infix(text, expr, around, " -> ", bind + 1, bind);
        break;
    case LPM_OP_LENGTH:
        g_string_append(text, "length of ");
        put(text, expr->args[0], around, BIND_ATOM);
        break;
    case LPM_OP_EACH:
    case LPM_OP_SOME:
    case LPM_OP_COUNT:
    case LPM_OP_SUM:
    case LPM_OP_MOST:
        put_list(text, expr, around);
        break;
    default:
        put_infix(text, expr, around, sign_of(expr->op), bind, bind + 1);
        break;
    }
}

static void put(GString *text, const LpmExpr *expr, const Around *around,
                int least)
{
    gboolean brackets = binds(expr) < least;

    g_string_append(text, brackets ? "(" : "");
    put_plain(text, expr, around);
    g_string_append(text, brackets ? ")" : "");
}

char *lpm_expr_text(const LpmExpr *expr)
{
    GString *text = g_string_new(NULL);
    Around around = { .depth = 0 };

    put(text, expr, &around, 0);
    return g_string_free(text, FALSE);
}
