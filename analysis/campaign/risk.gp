# Which policy is worth its risk?
#
# Large marks: a policy's mean over all points; small ones: its cells. The line joins those that no
# other policy beats in both length and risk. Called with the directory of settings.gp (policies,
# policy_names, risk_name, absent) and data.txt, three CSV blocks, each policy,p90,risk: the policies, the cells,
# and the policies that nobody beats.

dir = ARG1
load dir.'/settings.gp'
plot_name = 'risk'
width = 1000
height = 520
load dir.'/terminal.gp'
set datafile separator ','
set xlabel 'minutes within which nine in ten runs are through' textcolor rgb '#333333'
set ylabel 'percent of the runs: '.risk_name textcolor rgb '#333333'
set xrange [0:*]
set yrange [0:*]
set grid linetype 1 linewidth 0.5 linecolor rgb '#d0d0d0'
set border 3 linecolor rgb '#808080'
set tics nomirror
set key right outside
set offsets 0, graph 0.05, graph 0.08, 0
set title absent offset 0,-0.6 font ',10'
array colours[9] = [0x1f4e8c, 0xb5452f, 0x2e7d4f, 0x8a6d1d, 0x6d4a8f, 0x444444, 0x1c8a99, 0xc2569b, 0x7a9a01]

plot dir.'/data.txt' index 2 every ::1 using 2:($3 * 100) with lines linewidth 2 dashtype (6,4) linecolor rgb '#808080' title 'nobody is better in both', \
     for [p = 0:policies - 1] '' index 1 every ::1 using ($1 == p ? $2 : NaN):($3 * 100) \
         with points pointtype 4 + p % 5 * 2 pointsize 0.5 linecolor rgb colours[p % 9 + 1] title '', \
     for [p = 0:policies - 1] '' index 0 every ::1 using ($1 == p ? $2 : NaN):($3 * 100) \
         with points pointtype 5 + p % 5 * 2 pointsize 1.5 linecolor rgb colours[p % 9 + 1] \
         title policy_names[p + 1]
