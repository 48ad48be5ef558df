/* What strategies are written with: routes, and actions added one after the other. */
#include "strategy/strategy.h"

void dpl_order_add_communication(dpl_order *order, dpl_comm_kind kind, int32_t stage, int32_t chunk)
{
    if (order->next_comm != NULL) {
        uint32_t before = (uint32_t)(order->next - order->begin);
        *order->next_comm++ = (dpl_communication){(int32_t)kind, stage, chunk, before};
    }
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
