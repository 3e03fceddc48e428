"""What the shop sells, as Amazon should show it: fields, rules, rates, codes and reserved units."""
