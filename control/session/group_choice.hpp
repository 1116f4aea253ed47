// Which tunnel group a client asks for: by its URL, from the list, or not at all.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "control/config/config.hpp"

namespace culvert::control {

inline constexpr std::string_view kDefaultTunnelGroup = "DefaultWEBVPNGroup";

// What a request says about it.
struct GroupWish {
  std::string_view host;    // header Host
  std::string_view path;    // of the request
  std::string_view choice;  // group-select or group_list: an alias or a name
  std::string_view opaque;  // what our last form told the client to repeat; clients may lie
};

struct GroupChoice {
  std::string name{kDefaultTunnelGroup};
  std::string alias;       // as the list shows it; "" if the group has none
  bool by_url = false;     // a `group-url`: no list is shown
  bool by_client = false;  // the client named it in some way, and it is not just what we propose
};

// A `group-url` decides; then the client's choice, then the path as an alias, then the form that is
// being answered. Otherwise the first group of the list, or kDefaultTunnelGroup if there is no list.
// Nothing if the client chose what does not exist, or the list is off and it may not choose.
[[nodiscard]] std::optional<GroupChoice> choose_group(const Config& config, const GroupWish& wish);

// Whether requests for that path are part of a login.
[[nodiscard]] bool is_login_path(const Config& config, std::string_view host,
                                 std::string_view path);

// One line of the list that users choose from.
struct ListedGroup {
  std::string alias;
  bool password = true;  // the group asks for user name and password
};
// By alias; empty unless `tunnel-group-list` is enabled.
[[nodiscard]] std::vector<ListedGroup> listed_groups(const Config& config);

}  // namespace culvert::control
