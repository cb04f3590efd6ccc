#include "master/route.h"

#include "common/expr/expr.h"
#include "master/subject.h"

struct route
route_find(const struct settings *settings, struct subject *subject)
{
	struct settings_answer answer = {0};
	struct route route = {0};

	settings_eval(settings, SETTING_QUEUE_OUTBOUND_NEXT_HOP, subject_env(subject), &answer);
	route.origin = answer.origin;
	if (answer.unset || answer.text.len == 0)
		return route;
	route.relay = answer.text;
	route.unknown = settings_relay_find(settings, answer.text) == NULL;
	return route;
}

bool
route_is_direct(const struct settings *settings)
{
	return !settings_is_given(settings, SETTING_QUEUE_OUTBOUND_NEXT_HOP);
}
