// Words into goals, with everything checked that can be before there is a wire.
#include "tools/replay/command_line_search.hpp"

#include <algorithm>
#include <charconv>

#include "tools/parse_words.hpp"

namespace culvert::replay {

namespace {

constexpr double kLongestTrial = 1e6;  // seconds
constexpr const char* kGroup = "Search";

// "NDR=1e-5"
search::Goal parse_goal(const std::string& word, const search::Goal& trials) {
  const size_t sign = word.find('=');
  search::Goal goal = trials;
  goal.name = word.substr(0, sign);
  const char* begin =
      sign == std::string::npos ? word.data() + word.size() : word.data() + sign + 1;
  const char* end = word.data() + word.size();
  const auto [read, error] = std::from_chars(begin, end, goal.loss_ratio);
  if (goal.name.empty() || error != std::errc() || read != end) {
    throw CLI::ValidationError("--goal", "'" + word + "' is no goal such as NDR=1e-5");
  }
  (void)understood("--goal", [&] { return search::targets_of(goal); });
  return goal;
}

double rate(const char* option, const std::string& word) {
  return word.empty() ? 0 : understood(option, [&] { return parse_rate(word); });
}

}  // namespace

void describe_search(CLI::App& app, SearchWords& w) {
  auto* search = app.add_flag(
      "--search", w.search,
      "Search for the highest rates with little loss (RFC 9971) from --port to --receive. "
      "Frames get 24 bytes behind them, as with --track");
  search->group(kGroup);
  for (const char* other :
       {"--speed", "--pps", "--bps-l1", "--bps-l2", "--top-speed", "--seconds", "--loops",
        "--common-time", "--write", "--count", "--idle", "--max-gap"}) {
    search->excludes(app.get_option(other));
  }
  const auto option = [&](const char* name, auto& value, const char* help, const char* type) {
    return app.add_option(name, value, help)->type_name(type)->needs(search)->group(kGroup);
  };
  option(
      "--goal", w.goals,
      "What to search for, and the ratio of packets that may be lost; repeat it for more (default: "
      "NDR=1e-5 and PDR=0.005)",
      "NAME=LOSS")
      ->allow_extra_args(false);
  const auto seconds = [&](const char* name, double& value, const char* help) {
    return option(name, value, help, "SECONDS")
        ->check(CLI::Range(0.01, kLongestTrial))
        ->capture_default_str();
  };
  seconds("--trial", w.trials.final_trial_s, "Of trials that decide");
  seconds("--first-trial", w.first_trial, "Of the first trials (default: as --trial)")
      ->default_str("");
  seconds("--trial-sum", w.trials.duration_sum_s, "Of all trials at one rate, at most");
  option("--exceed", w.trials.exceed_ratio,
         "Which share of the trials at a rate may lose more: machines that are shared hiccup",
         "RATIO")
      ->check(CLI::Range(0.0, 0.99))
      ->capture_default_str();
  option("--width", w.trials.width, "How exactly, relative to the rate", "RATIO")
      ->check(CLI::Range(1e-6, 0.5))
      ->capture_default_str();
  option("--min-rate", w.min_rate,
         "Packets a second of each port (default: a thousandth of --max-rate)", "RATE");
  option(
      "--max-rate", w.max_rate,
      "Packets a second of each port (default: what line, slot and tester carry, as far as that is "
      "known)",
      "RATE");
  option("--line-rate", w.line_rate,
         "Bits a second of the links, such as 10G (default: what cards say)", "RATE");
  option("--tester-rate", w.tester_rate,
         "Packets a second that the tester carries by itself (default: it is measured over rings "
         "in memory)",
         "RATE");
  option("--warm-up", w.wish.warm_up_s, "Traffic before the first trial; 0: none", "SECONDS")
      ->check(CLI::Range(0.0, kLongestTrial))
      ->capture_default_str();
  option("--repeat", w.wish.repeat, "Whole searches", "N")
      ->check(CLI::Range(1U, 1000U))
      ->capture_default_str();
  option("--curve", w.wish.curve, "Trials at even distances for a plot when all is found; 0: none",
         "N")
      ->check(CLI::Range(0U, 1000U))
      ->capture_default_str();
  option("--sustain", w.wish.sustain,
         "When all is found, one long trial at this share of the rate for the first goal: whether "
         "it loses anything; 0: none",
         "RATIO")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
  seconds("--sustain-time", w.wish.sustain_s, "Of that trial");
  option("--search-limit", w.wish.limit_s, "End a search after so much traffic, wherever it is",
         "SECONDS")
      ->check(CLI::Range(0.01, kLongestTrial));
  option("--headend", w.wish.headend,
         "culvertd's management socket: its workers' busy cycles are shown beside each trial",
         "SOCKET");
}

void fill_search(Options& o, const SearchWords& w) {
  if (!w.search) return;
  SearchWish wish = w.wish;
  search::Goal trials = w.trials;
  trials.initial_trial_s = w.first_trial > 0 ? w.first_trial : trials.final_trial_s;
  // Whoever gives longer trials need not give a longer sum as well.
  trials.duration_sum_s = std::max(trials.duration_sum_s, trials.final_trial_s);
  const std::vector<std::string> usual{"NDR=1e-5", "PDR=0.005"};
  for (const std::string& word : w.goals.empty() ? usual : w.goals)
    wish.goals.push_back(parse_goal(word, trials));
  wish.min_rate = rate("--min-rate", w.min_rate);
  wish.max_rate = rate("--max-rate", w.max_rate);
  wish.line_rate = rate("--line-rate", w.line_rate);
  wish.tester_rate = rate("--tester-rate", w.tester_rate);
  if (wish.max_rate > 0 && wish.min_rate >= wish.max_rate) {
    throw CLI::ValidationError("--min-rate is less than --max-rate");
  }
  if (o.tunnel.wanted()) {
    if (o.tunnel.inside.empty())
      throw CLI::ValidationError("--search with --tunnel needs an --inside");
  } else if (o.ports.empty() || o.receive_ports.empty()) {
    throw CLI::ValidationError("--search needs a --port and a --receive");
  }
  o.track = !o.tunnel.wanted();
  o.search = std::move(wish);
}

}  // namespace culvert::replay
