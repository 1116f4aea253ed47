// --search and what belongs to it.
#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

#include "tools/replay/options.hpp"

namespace culvert::replay {

// As written, before it is understood.
struct SearchWords {
  bool search = false;
  std::vector<std::string> goals{};
  search::Goal trials{};  // what all goals share
  double first_trial = 0;
  std::string min_rate{}, max_rate{}, line_rate{}, tester_rate{};
  SearchWish wish{};
};

void describe_search(CLI::App& app, SearchWords& words);
// Throws CLI::ValidationError. Without --search it does nothing.
void fill_search(Options& options, const SearchWords& words);

}  // namespace culvert::replay
