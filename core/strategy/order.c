/* What strategies are written with: routes, and actions added one after the other. */
#include "base/memory.h"
#include "schedule/schedule.h"
#include "strategy/strategy.h"

void dpl_order_ask(dpl_order *order)
{
    if (dpl_cancelled(order->hooks)) {
        longjmp(order->stop, 1);
    }
    order->ask_at = (uintptr_t)order->next + DPL_CANCEL_EVERY * sizeof *order->next;
}

int32_t dpl_route_linear(const dpl_shape *shape, int32_t route, int32_t stage)
{
    (void)route;
    return stage % shape->num_ranks;
}

int32_t dpl_route_v(const dpl_shape *shape, int32_t route, int32_t stage)
{
    (void)route;
    int32_t way = stage / shape->num_ranks;
    int32_t place = stage % shape->num_ranks;
    return way % 2 == 0 ? place : shape->num_ranks - 1 - place;
}

int32_t dpl_route_both_ways(const dpl_shape *shape, int32_t route, int32_t stage)
{
    return route % 2 == 0 ? stage : shape->num_ranks - 1 - stage;
}
