// Runs a script against an endpoint.
#pragma once

#include <string>

#include "tests/dataplane/tcp/script/language.hpp"

namespace culvert::tcp::test::script {

// Empty if all went as written. Otherwise the first line that did not come true with what came instead,
// and the exchange up to there.
[[nodiscard]] std::string run(const Script& script);

}  // namespace culvert::tcp::test::script
